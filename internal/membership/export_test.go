package membership

import "github.com/womens-tech-conservatory/conservatory/internal/job"

// ExpireAccess are the arguments of the job that runs every minute.
func ExpireAccess() job.Args { return expireAccess{} }
