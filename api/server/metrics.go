package server

import (
	"context"
	"net/http"
	"net/http/pprof"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/womens-tech-conservatory/conservatory/api/middleware"
)

// metrics are what an operator looks at; see /metrics on the admin listener.
type metrics struct {
	registry   *prometheus.Registry
	requests   *prometheus.HistogramVec
	statements *prometheus.HistogramVec
	sql        *prometheus.HistogramVec
	versions   *prometheus.CounterVec
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "conservatory_request_seconds",
			Help: "Time to answer, by operation and status.", Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
		},
			[]string{"operation", "status"}),
		statements: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "conservatory_request_statements",
			Help: "SQL statements of one request, by operation.", Buckets: []float64{0, 1, 2, 3, 4, 5, 6, 8, 10, 15, 25},
		}, []string{"operation"}),
		sql: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "conservatory_statement_seconds",
			Help: "Time of one SQL statement.", Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .1, .5, 2.5},
		}, []string{"result"}),
		versions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "conservatory_webhook_version_mismatches_total",
			Help: "Stripe events of another API version than ours. They are applied all the same; pin the endpoint.",
		}, []string{"version"}),
	}
	m.registry.MustRegister(m.requests, m.statements, m.sql, m.versions, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) observe(o middleware.Observed) {
	m.requests.WithLabelValues(o.Operation, strconv.Itoa(o.Status)).Observe(o.Duration.Seconds())
	m.statements.WithLabelValues(o.Operation).Observe(float64(o.Statements))
}

func (m *metrics) statement(d time.Duration, err error) {
	result := "ok"
	if err != nil {
		result = "error"
	}
	m.sql.WithLabelValues(result).Observe(d.Seconds())
}

func (m *metrics) versionMismatch(version string) { m.versions.WithLabelValues(version).Inc() }

// watch reads the rest when somebody asks: pool, queues, webhooks, streams.
func (m *metrics) watch(a *App) { m.registry.MustRegister(watcher{a}) }

type watcher struct{ app *App }

func gauge(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("conservatory_"+name, help, labels, nil)
}

// Describe leaves the descriptions to Collect: they do not change.
func (w watcher) Describe(chan<- *prometheus.Desc) {}

// Collect asks the database once for each scrape.
func (w watcher) Collect(out chan<- prometheus.Metric) {
	send := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	stat := w.app.DB.Pool().Stat()
	send(gauge("pool_connections", "Connections of the pool.", "state"), float64(stat.AcquiredConns()), "in_use")
	send(gauge("pool_connections", "Connections of the pool.", "state"), float64(stat.IdleConns()), "idle")
	send(gauge("pool_wait_seconds", "Time that requests have waited for a connection, in all."), stat.AcquireDuration().Seconds())
	send(gauge("stream_clients", "Open event streams on this node."), float64(w.app.Hub.Clients()))
	hashed, queued := w.app.Account.PasswordWork()
	send(gauge("password_hashes", "Passwords that were hashed or compared since the start."), float64(hashed))
	send(gauge("password_queue", "Passwords that are being hashed or wait for their turn; beyond 200 callers are told to come back."), float64(queued))
	if w.app.limits != nil {
		send(gauge("limits_alone", "1 while this node counts rate limits for itself, because their Redis does not answer."), number(w.app.limits.Down()))
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if depths, err := w.app.Queue.Depths(ctx); err == nil {
		for _, d := range depths {
			send(gauge("queue_jobs", "Jobs that are ready or wait for another try.", "queue"), float64(d.Ready), d.Queue)
			send(gauge("queue_oldest_seconds", "How long the oldest ready job has waited.", "queue"), d.Oldest.Seconds(), d.Queue)
			send(gauge("queue_dead_jobs", "Jobs that gave up; somebody must look.", "queue"), float64(d.Dead), d.Queue)
		}
	}
	if lag, err := w.app.Billing.Lag(ctx); err == nil {
		send(gauge("webhook_lag_seconds", "Age of the oldest Stripe event that is not applied."), lag.Seconds())
	}
}

func number(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// AdminHandler serves metrics and profiles. It belongs on a private address.
func (a *App) AdminHandler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(a.metrics.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return mux
}
