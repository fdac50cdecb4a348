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

// metrics gathers what is measured. It may be told of requests by any goroutine.
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

func (m *metrics) observe(r livechat.Made) {
	m.mu.Lock()
	defer m.mu.Unlock()
	tags := requestTags{r.Endpoint, r.Status, r.OK}
	t := m.requests[tags]
	m.requests[tags] = timing{t.count + 1, t.sum + r.Duration}
}

// tick logs if it is time to.
func (m *metrics) tick(records map[string]int) {
	if time.Since(m.flushed) >= metricsEvery {
		m.flush(records)
	}
}

// flush logs what was gathered since the last time: a counter for each stream,
// and for each kind of request a counter and the mean duration.
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

// oddities counts what was not as expected, so that each kind is told once.
type oddities struct {
	log   *slog.Logger
	count map[source.Note]int
	chat  map[source.Note]string // the first in which it was seen
}

// maxOddities bounds the kinds that are told apart: names of unknown fields
// come from outside.
const maxOddities = 200

func newOddities(log *slog.Logger) *oddities {
	return &oddities{log: log, count: make(map[source.Note]int), chat: make(map[source.Note]string)}
}

func (o *oddities) add(odd source.Note, chat string) {
	if _, known := o.count[odd]; !known {
		if len(o.count) >= maxOddities {
			odd = source.Note{Field: "other fields", Why: odd.Why}
		}
		if len(odd.Field) > 120 {
			odd.Field = odd.Field[:120] + "…"
		}
	}
	if o.count[odd]++; o.chat[odd] == "" {
		o.chat[odd] = chat
	}
}

// report logs one line for each kind.
func (o *oddities) report() {
	all := slices.SortedFunc(maps.Keys(o.count), func(a, b source.Note) int {
		if a.Field != b.Field {
			if a.Field < b.Field {
				return -1
			}
			return 1
		}
		if a.Why < b.Why {
			return -1
		}
		return 1
	})
	for _, odd := range all {
		o.log.Warn(odd.Field+": "+odd.Why, "times", o.count[odd], "first_chat", o.chat[odd])
	}
}
