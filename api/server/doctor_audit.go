package server

import "context"

const auditRoleSQL = `SELECT pg_has_role(current_user, c.relowner, 'USAGE'), coalesce(has_function_privilege(to_regprocedure('forget_old_audit(integer)'), 'EXECUTE'), true)
FROM pg_class c WHERE c.oid = to_regclass('audit_log')`

// auditLog asks who could change what the audit log says. It is silent in
// development, where one role does everything.
func (v *visit) auditLog(ctx context.Context) {
	if !v.cfg.Production() || !v.migrated(ctx, "audit_log") {
		return
	}
	var owner, forgets bool
	switch {
	case !v.ask(ctx, "who guards the audit log", auditRoleSQL, &owner, &forgets):
	case owner:
		v.bad("The role of DATABASE_URL owns the audit log: a stolen connection could take away what guards it.",
			"deployments/postgres/roles.sql makes a role for serving that cannot; `migrate up` keeps the owner's.")
	case !forgets:
		v.bad("The role of DATABASE_URL cannot let the audit log forget what is older than two years.", "Run deployments/postgres/roles.sql again, as the owner.")
	default:
		v.good("The audit log can be added to and not changed.")
	}
}
