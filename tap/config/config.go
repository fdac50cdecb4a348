package config

import (
	"strings"
	"time"
	"unicode"

	"tap-livechat/tap/secret"
)

// OnInvalid says what becomes of a value that has the wrong type and cannot be
// read without loss.
type OnInvalid string

const (
	Fail OnInvalid = "fail" // the run stops
	Null OnInvalid = "null" // the field becomes null
)

// OnMismatch says what becomes of days of which fewer chats come than the service
// states, however often they are read.
type OnMismatch string

const (
	FailOnMismatch OnMismatch = "fail" // the bookmark waits before them, and the run is not complete
	WarnOnMismatch OnMismatch = "warn" // a warning
)

// Config is what a run is told to do: checked, and with the defaults of
// schemas/config.json filled in.
type Config struct {
	EntityID    secret.Text // user of the Basic credentials; empty: AccessToken is an OAuth token (Bearer)
	AccessToken secret.Text // visible ASCII; never empty
	APIVersion  string      // "2" or "3"

	StartDate      time.Time // UTC, not in the future
	EndDate        time.Time // UTC, exclusive, after StartDate; zero if there is none
	IncludePending bool
	LookbackDays   int
	OnInvalid      OnInvalid
	OnMismatch     OnMismatch

	ReferenceData               bool
	Reports                     bool
	ReportTimezone              *time.Location // never nil
	ReportLookbackDays          int
	EmitActivateVersionMessages bool
	Batch                       *Batch // nil: no files are written

	Region    string // "dal" or "fra"; empty if not set
	UserAgent string // empty if not set: it is for the caller, who knows the version, to make one
	APIURL    string // https, or http to this machine, without a slash at the end; or "sandbox:…"

	MaxConcurrentRequests int
	RequestTimeout        time.Duration // above zero
	MaxRetries            int
	MaxRequests           int // 0 if there is no limit
}

// Until is the end of what there is to read at a moment: end_date, or the moment
// if that comes first.
func (c Config) Until(now time.Time) time.Time {
	if !c.EndDate.IsZero() && c.EndDate.Before(now) {
		return c.EndDate
	}
	return now
}

// Parse reads the settings. Of a setting that several sources have, the
// last one counts; one that is null or an empty text is not set, so an earlier
// one stays. Values are read leniently: a number, a truth value or a list may
// come as text, and blanks around a value do not count.
//
// Now is the moment at which the run begins. Warnings, one line each, come with
// an error as well as without; unknown settings are among them. The error is a
// [*Error] that tells all that is wrong. Neither shows a credential.
func Parse(now time.Time, sources ...Source) (config Config, warnings []string, err error) {
	r := newReader(sources)
	r.checkRequired()
	r.checkShape()
	config = r.config(now)
	if len(r.faults) > 0 {
		return Config{}, r.warnings, &Error{r.sortedFaults()}
	}
	return config, r.warnings, nil
}

// config makes the result of settings that have the right shape, and checks
// what a schema cannot: whether they make sense. A setting that is at fault
// already is passed over.
func (r *reader) config(now time.Time) Config {
	c := Config{
		EntityID:              secret.New(valueOf[string](r, "entity_id")),
		AccessToken:           secret.New(valueOf[string](r, "access_token")),
		APIVersion:            valueOf[string](r, "api_version"),
		IncludePending:        valueOf[bool](r, "include_pending"),
		LookbackDays:          valueOf[int](r, "lookback_days"),
		OnInvalid:             OnInvalid(valueOf[string](r, "on_invalid")),
		OnMismatch:            OnMismatch(valueOf[string](r, "on_mismatch")),
		ReferenceData:         valueOf[bool](r, "reference_data"),
		Reports:               valueOf[bool](r, "reports"),
		ReportTimezone:        r.timezone("report_timezone"),
		ReportLookbackDays:    valueOf[int](r, "report_lookback_days"),
		Batch:                 r.batch(),
		Region:                valueOf[string](r, "region"),
		UserAgent:             valueOf[string](r, "user_agent"),
		MaxConcurrentRequests: valueOf[int](r, "max_concurrent_requests"),
		MaxRetries:            valueOf[int](r, "max_retries"),
		MaxRequests:           valueOf[int](r, "max_requests"),
	}
	c.EmitActivateVersionMessages = valueOf[bool](r, "emit_activate_version_messages")
	// A timeout of less than a nanosecond would come out as 0, which is none.
	c.RequestTimeout = max(1, time.Duration(valueOf[float64](r, "request_timeout")*float64(time.Second)))
	r.credentials(&c)
	r.dates(&c, now)
	r.addresses(&c)
	return c
}

func (r *reader) credentials(c *Config) {
	id, token := c.EntityID.Reveal(), c.AccessToken.Reveal()
	if wrong := checkToken(token); wrong != "" {
		r.reject("access_token", wrong, "the token alone: "+wantedToken)
	}
	if wrong := checkEntityID(id); wrong != "" {
		r.reject("entity_id", wrong, wantedEntityID)
	}
	if named, alone, ok := splitToken(token); ok && (id == "" || id == named) {
		c.EntityID, c.AccessToken = secret.New(named), secret.New(alone)
	}
}

// firstYear is before there were chats to archive. An earlier date is a slip,
// such as 0024 for 2024.
const firstYear = 1970

func (r *reader) dates(c *Config, now time.Time) {
	c.StartDate, c.EndDate = timeOf(r, "start_date"), timeOf(r, "end_date")
	switch {
	case !r.has("start_date"):
	case c.StartDate.Year() < firstYear:
		r.reject("start_date", ", a time before there were chats", wantedTime)
	case c.StartDate.After(now):
		r.reject("start_date", ", a time in the future", "one that is over: it is "+now.UTC().Format(time.RFC3339)+" now")
	}
	// Compared even with a start that is at fault: both lines help.
	if r.has("start_date") && r.has("end_date") && !c.EndDate.After(c.StartDate) {
		r.reject("end_date", ", a time that is not after start_date", "one after "+c.StartDate.Format(time.RFC3339))
	}
}

// timezone is a setting that names a time zone.
func (r *reader) timezone(setting string) *time.Location {
	name := valueOf[string](r, setting)
	if name == "" || strings.EqualFold(name, "utc") {
		return time.UTC
	}
	zone, err := time.LoadLocation(name)
	if err != nil || strings.EqualFold(name, "local") { // which would be another one on another machine
		r.reject(setting, ", which is no time zone", wantedZone)
		return time.UTC
	}
	return zone
}

func (r *reader) addresses(c *Config) {
	if strings.ContainsFunc(c.UserAgent, unicode.IsControl) {
		r.reject("user_agent", " with a line break or another control character in it", "a text on one line")
	}
	if !r.has("api_url") {
		return
	}
	address, err := readAddress(valueOf[string](r, "api_url"))
	if err != nil {
		r.reject("api_url", err.Error(), wantedAddress)
	}
	c.APIURL = address
}
