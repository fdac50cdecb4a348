package config

import (
	"strings"
	"time"
	"unicode"

	"tap-livechat/tap/civil"
	"tap-livechat/tap/secret"
)

// OnInvalid says what happens to a value that has the wrong type and cannot be
// converted without loss.
type OnInvalid string

const (
	Fail OnInvalid = "fail" // the run stops
	Null OnInvalid = "null" // the field becomes null
)

// OnMismatch says what happens to days for which LiveChat reports more chats than it
// returns, after repeated reading.
type OnMismatch string

const (
	FailOnMismatch OnMismatch = "fail" // the bookmark stays before them, and the run is incomplete
	WarnOnMismatch OnMismatch = "warn" // they are logged and treated as complete
)

// Config is a checked config, with the defaults of schemas/config.json.
type Config struct {
	EntityID    secret.Text // user of the Basic credentials; empty: AccessToken is an OAuth token (Bearer)
	AccessToken secret.Text // visible ASCII; never empty
	APIVersion  string      // "2" or "3"

	StartDate      time.Time // UTC, not in the future
	EndDate        time.Time // UTC, exclusive, after StartDate; zero if not set
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

	Region    string // the data centre of the account; empty if not set
	UserAgent string // empty if not set: the caller, which knows the version, sets it
	APIURL    string // https, or http to this machine, without a slash at the end; or "sandbox:…"

	MaxConcurrentRequests int
	RequestTimeout        time.Duration // above zero
	MaxRetries            int
	MaxRequests           int // 0 if there is no limit
}

// Until returns the end of the range to read: the earlier of end_date and now.
func (c Config) Until(now time.Time) time.Time {
	if !c.EndDate.IsZero() && c.EndDate.Before(now) {
		return c.EndDate
	}
	return now
}

// ReportDays are the days of reports in start_date to end_date or the moment: the first,
// and the one after the last, as dates in the report's time zone. They are the same if
// there is none.
func (c Config) ReportDays(now time.Time) (from, to time.Time) {
	end := c.Until(now)
	from = civil.DateOf(c.StartDate, c.ReportTimezone)
	if !c.StartDate.Before(end) {
		return from, from
	}
	return from, civil.DateOf(end.Add(-1), c.ReportTimezone).AddDate(0, 0, 1)
}

// Redactor returns a function that hides the credentials in a text, as
// [secret.Redactor] does.
func (c Config) Redactor() func(text string) string {
	return secret.Redactor(c.EntityID, c.AccessToken)
}

// Parse reads the settings. If several sources have a setting, the last one counts.
// A setting that is null or an empty text is not set, so an earlier one counts. Values
// are read leniently: a number, a boolean or a list may be text, and white space around
// a value is ignored.
//
// now is the start of the run. Warnings, one line each, are returned with and without
// an error; unknown settings are among them. The error is an [*Error] with every
// problem. Neither shows a credential.
func Parse(now time.Time, sources ...Source) (config Config, warnings []string, err error) {
	r := newReader(sources)
	r.checkRequired()
	r.checkShape()
	config = r.config(now)
	if len(r.problems) > 0 {
		return Config{}, r.warnings, &Error{r.sortedProblems()}
	}
	return config, r.warnings, nil
}

// config returns the result for settings that satisfy the schema, and checks what a
// schema cannot express. It skips a setting that has a problem already.
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
	// A timeout of less than a nanosecond would become 0, which means no timeout.
	c.RequestTimeout = max(1, time.Duration(valueOf[float64](r, "request_timeout")*float64(time.Second)))
	r.credentials(&c)
	r.dates(&c, now)
	r.addresses(&c)
	return c
}

func (r *reader) credentials(c *Config) {
	id, token := c.EntityID.Reveal(), c.AccessToken.Reveal()
	if suffix := checkToken(token); suffix != "" {
		r.reject("access_token", suffix, "the token alone: "+wantedToken)
	}
	if suffix := checkEntityID(id); suffix != "" {
		r.reject("entity_id", suffix, wantedEntityID)
	}
	if c.Region != "" && (!secret.IsRegion(c.Region) || r.hidesSecret(c.Region)) {
		r.reject("region", "", wantedRegion)
	}
	if named, alone, ok := splitToken(token); ok && (id == "" || id == named) {
		c.EntityID, c.AccessToken = secret.New(named), secret.New(alone)
	}
}

// firstYear is before any chat. An earlier date is a mistake, such as 0024 for 2024.
const firstYear = 1970

func (r *reader) dates(c *Config, now time.Time) {
	c.StartDate, c.EndDate = timeSetting(r, "start_date"), timeSetting(r, "end_date")
	switch {
	case !r.isSet("start_date"):
	case c.StartDate.Year() < firstYear:
		r.reject("start_date", ", a time before there were chats", wantedTime)
	case c.StartDate.After(now):
		r.reject("start_date", ", a time in the future", "one that is over: it is "+now.UTC().Format(time.RFC3339)+" now")
	}
	// Also compared with a start_date that has a problem: both lines help.
	if r.isSet("start_date") && r.isSet("end_date") && !c.EndDate.After(c.StartDate) {
		r.reject("end_date", ", a time that is not after start_date", "one after "+c.StartDate.Format(time.RFC3339))
	}
}

// timezone returns the time zone that a setting names; UTC if it is empty or invalid.
func (r *reader) timezone(setting string) *time.Location {
	name := valueOf[string](r, setting)
	if name == "" || strings.EqualFold(name, "utc") {
		return time.UTC
	}
	zone, err := time.LoadLocation(name)
	if err != nil || strings.EqualFold(name, "local") { // a different zone on each machine
		r.reject(setting, ", which is no time zone", wantedZone)
		return time.UTC
	}
	return zone
}

func (r *reader) addresses(c *Config) {
	if strings.ContainsFunc(c.UserAgent, unicode.IsControl) {
		r.reject("user_agent", " with a line break or another control character in it", "a text on one line")
	}
	if !r.isSet("api_url") {
		return
	}
	address, err := readAddress(valueOf[string](r, "api_url"))
	if err != nil {
		r.reject("api_url", err.Error(), wantedAddress)
	}
	c.APIURL = address
}
