package tap

import (
	"cmp"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"tap-livechat/tap/livechat"
	"tap-livechat/tap/source"
)

// metricsEvery is how often metrics are logged; singer-sdk's interval.
const metricsEvery = time.Minute

// MetricKey is the log attribute that carries a [Metric].
const MetricKey = "metric"

// Metric is one measurement, in the form that singer-python and singer-sdk use.
type Metric struct {
	Type  string         `json:"type"` // counter: since the last one of its kind; timer: seconds
	Name  string         `json:"metric"`
	Value any            `json:"value"`
	Tags  map[string]any `json:"tags"`
}

// metrics collects measurements. observe is safe for concurrent use.
type metrics struct {
	log     *slog.Logger
	flushed time.Time
	records map[string]int // as logged so far

	mu       sync.Mutex
	requests map[requestTags]timing
}

type requestTags struct {
	endpoint string
	status   int
	ok       bool
}

type timing struct {
	count int
	sum   time.Duration
}

func newMetrics(log *slog.Logger, now time.Time) *metrics {
	return &metrics{log: log, flushed: now, records: make(map[string]int), requests: make(map[requestTags]timing)}
}

func (m *metrics) observe(r livechat.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	tags := requestTags{r.Endpoint, r.Status, r.OK}
	t := m.requests[tags]
	m.requests[tags] = timing{t.count + 1, t.sum + r.Duration}
}

// tick calls flush if metricsEvery has passed since the last call.
func (m *metrics) tick(records map[string]int) {
	if time.Since(m.flushed) >= metricsEvery {
		m.flush(records)
	}
}

// flush logs what was measured since the last call: for each stream a counter, and
// for each kind of request a counter and the mean duration.
func (m *metrics) flush(records map[string]int) {
	m.flushed = time.Now()
	for _, stream := range slices.Sorted(maps.Keys(records)) {
		m.emit("counter", "record_count", records[stream]-m.records[stream], map[string]any{"stream": stream})
	}
	m.records = maps.Clone(records)
	m.mu.Lock()
	requests := m.requests
	m.requests = make(map[requestTags]timing)
	m.mu.Unlock()
	sorted := slices.SortedFunc(maps.Keys(requests), func(a, b requestTags) int {
		return cmp.Or(cmp.Compare(a.endpoint, b.endpoint), cmp.Compare(a.status, b.status))
	})
	for _, tags := range sorted {
		t := requests[tags]
		status := "failed"
		if tags.ok {
			status = "succeeded"
		}
		all := map[string]any{"endpoint": tags.endpoint, "status": status}
		if tags.status != 0 {
			all["http_status_code"] = tags.status
		}
		m.emit("counter", "http_request_count", t.count, all)
		mean := (t.sum / time.Duration(t.count)).Seconds()
		rounded, _ := strconv.ParseFloat(strconv.FormatFloat(mean, 'f', 6, 64), 64)
		m.emit("timer", "http_request_duration", rounded, all)
	}
}

func (m *metrics) emit(kind, name string, value any, tags map[string]any) {
	m.log.Info("METRIC", MetricKey, Metric{kind, name, value, tags})
}

// warningCounter counts warnings, so that each kind is logged once.
type warningCounter struct {
	log   *slog.Logger
	count map[source.Warning]int
	chat  map[source.Warning]string // id of the first chat that has it
}

// maxWarningKinds is the maximum number of kinds: names of unknown fields come from
// the service.
const maxWarningKinds = 200

func newWarningCounter(log *slog.Logger) *warningCounter {
	return &warningCounter{log: log, count: make(map[source.Warning]int), chat: make(map[source.Warning]string)}
}

func (o *warningCounter) add(w source.Warning, chat string) {
	if _, known := o.count[w]; !known {
		if len(o.count) >= maxWarningKinds {
			w = source.Warning{Field: "other fields", Why: w.Why}
		}
		if len(w.Field) > 120 {
			w.Field = w.Field[:120] + "…"
		}
	}
	if o.count[w]++; o.chat[w] == "" {
		o.chat[w] = chat
	}
}

// report logs one line for each kind, sorted by field and reason.
func (o *warningCounter) report() {
	all := slices.SortedFunc(maps.Keys(o.count), func(a, b source.Warning) int {
		return cmp.Or(cmp.Compare(a.Field, b.Field), cmp.Compare(a.Why, b.Why))
	})
	for _, w := range all {
		o.log.Warn(w.Field+": "+w.Why, "times", o.count[w], "first_chat", o.chat[w])
	}
}
