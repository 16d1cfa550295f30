// Package job is the durable to-do list: work that must happen, after the
// transaction that promised it.
//
// Decisions: River on the same pool; a job is enqueued in the transaction of
// its reason and seen by workers only after the commit; arguments are ids,
// never addresses, texts or secrets.
package job

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// Args are the arguments of one kind of job; Kind names it for good.
type Args = river.JobArgs

// The queues. Billing must not wait for mail, nor mail for bulk work.
const (
	QueueDefault = river.QueueDefault
	QueueBilling = "billing"
	QueueMail    = "mail"
)

// Options of one kind of job; return them from InsertOpts of the arguments.
type Options = river.InsertOpts

// Unique says when two jobs are one.
type Unique = river.UniqueOpts

// Config of a Queue.
type Config struct {
	Logger *slog.Logger
	Poll   time.Duration // 0: 1 s; a new job is announced anyway
}

// Queue takes jobs and, once started, does them.
type Queue struct {
	db      *pg.DB
	client  *river.Client[pgx.Tx]
	workers *river.Workers
}

// New gives a queue that knows no kind of job yet; see On.
func New(db *pg.DB, cfg Config) (*Queue, error) {
	workers := river.NewWorkers()
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Poll == 0 {
		cfg.Poll = time.Second
	}
	client, err := river.NewClient(riverpgxv5.New(db.Pool()), &river.Config{
		Workers: workers,
		Queues: map[string]river.QueueConfig{
			QueueDefault: {MaxWorkers: 4}, QueueBilling: {MaxWorkers: 4}, QueueMail: {MaxWorkers: 4},
		},
		JobTimeout:           time.Minute,
		RescueStuckJobsAfter: 5 * time.Minute,
		FetchPollInterval:    cfg.Poll,
		Logger:               cfg.Logger,
	})
	if err != nil {
		return nil, fmt.Errorf("make the job queue: %w", err)
	}
	return &Queue{db: db, client: client, workers: workers}, nil
}

// On teaches q to do jobs with arguments A, before Start. do may run more
// than once for one job: it must be able to repeat itself without harm. It has
// a minute, or as long as the Timeout of arguments that are Long.
func On[A Args](q *Queue, do func(ctx context.Context, args A) error) {
	river.AddWorker(q.workers, worker[A]{do: do})
}

// Long are arguments of work that may take more than a minute.
type Long interface {
	Timeout() time.Duration
}

type worker[A Args] struct {
	river.WorkerDefaults[A]

	do func(ctx context.Context, args A) error
}

// Work does one job.
func (w worker[A]) Work(ctx context.Context, j *river.Job[A]) error { return w.do(ctx, j.Args) }

// Timeout is how long a job may take; zero is the queue's own limit.
func (w worker[A]) Timeout(j *river.Job[A]) time.Duration {
	if long, ok := any(j.Args).(Long); ok {
		return long.Timeout()
	}
	return 0
}

// Every enqueues args once in each interval, from one node at a time, first
// at the start: a worker that is started anew every day does daily work too.
func (q *Queue) Every(interval time.Duration, args Args) {
	once := &river.InsertOpts{UniqueOpts: river.UniqueOpts{ByPeriod: interval, ByArgs: true}}
	q.client.PeriodicJobs().Add(river.NewPeriodicJob(river.PeriodicInterval(interval),
		func() (river.JobArgs, *river.InsertOpts) { return args, once }, &river.PeriodicJobOpts{RunOnStart: true}))
}

// Enqueue promises a job: when the transaction of ctx commits, or at once
// outside one.
func (q *Queue) Enqueue(ctx context.Context, args Args) error {
	var err error
	if tx, ok := q.db.Tx(ctx); ok {
		_, err = q.client.InsertTx(ctx, tx, args, nil)
	} else {
		_, err = q.client.Insert(ctx, args, nil)
	}
	if err != nil {
		return fmt.Errorf("enqueue %s: %w", args.Kind(), err)
	}
	return nil
}

// Start begins to work until Stop.
func (q *Queue) Start(ctx context.Context) error {
	if err := q.client.Start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("start the job queue: %w", err)
	}
	return nil
}

// Stop lets running jobs finish until ctx ends, then cancels them. What was
// cancelled is done again at the next start.
func (q *Queue) Stop(ctx context.Context) error {
	if err := q.client.Stop(ctx); err == nil {
		return nil
	}
	hard, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := q.client.StopAndCancel(hard); err != nil {
		return fmt.Errorf("stop the job queue: %w", err)
	}
	return nil
}

// Depth says how much waits and for how long the oldest has been ready.
type Depth struct {
	Queue  string
	Ready  int64
	Oldest time.Duration
	Dead   int64 // gave up; somebody must look
}

const depthSQL = `
SELECT queue,
       count(*) FILTER (WHERE state IN ('available', 'retryable')),
       coalesce(extract(epoch FROM now() - min(scheduled_at) FILTER (WHERE state = 'available' AND scheduled_at <= now())), 0)::float8,
       count(*) FILTER (WHERE state = 'discarded')
FROM river_job WHERE state IN ('available', 'retryable', 'discarded') GROUP BY queue ORDER BY queue`

// Depths measures every queue that has something waiting or dead.
func (q *Queue) Depths(ctx context.Context) ([]Depth, error) {
	rows, err := q.db.Pool().Query(ctx, depthSQL)
	if err != nil {
		return nil, fmt.Errorf("measure the queues: %w", err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Depth, error) {
		var d Depth
		var seconds float64
		err := row.Scan(&d.Queue, &d.Ready, &seconds, &d.Dead)
		d.Oldest = time.Duration(seconds * float64(time.Second))
		return d, err
	})
	if err != nil {
		return nil, fmt.Errorf("measure the queues: %w", err)
	}
	return all, nil
}

const idleSQL = `SELECT count(*) FROM river_job WHERE state IN ('available', 'running') OR (state = 'scheduled' AND scheduled_at < now())`

// WaitIdle returns when nothing is ready or running; for tests and for
// loading the demo community. Jobs that wait for another try do not count.
func (q *Queue) WaitIdle(ctx context.Context) error {
	for {
		var n int
		if err := q.db.Pool().QueryRow(ctx, idleSQL).Scan(&n); err != nil {
			return fmt.Errorf("count open jobs: %w", err)
		}
		if n == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d jobs still open: %w", n, ctx.Err())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// Cancel ends a job for good: trying again cannot help. Return it from the
// function given to On.
func Cancel(err error) error { return river.JobCancel(err) }

// Snooze puts a job off without counting a try.
func Snooze(d time.Duration) error { return river.JobSnooze(d) }
