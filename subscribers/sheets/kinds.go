package sheets

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"vestnik/language"
)

// A kind is a program whose files are known by their header.
type kind struct {
	name    string
	all     []string            // columns that must be there
	any     []string            // one of these must be there, too
	columns map[string][]string // ours -> theirs; texts of several are put together, of a time the first that is not empty counts
	status  func(cell func(column string) string) (status, why string)
}

// kinds of other programs, with the columns that their sources and documentation name.
var kinds = []kind{
	{
		name: "listmonk", all: []string{"uuid", "email", "attributes", "status"},
		columns: map[string][]string{"email": {"email"}, "name": {"name"}, "uuid": {"uuid"}, "since": {"created_at"}},
		status:  listmonkStatus,
	},
	{
		name: "mailchimp", all: []string{"email address"}, any: []string{"leid", "euid", "optin_time", "member_rating"},
		columns: map[string][]string{"email": {"email address"}, "name": {"first name", "last name"}, "since": {"confirm_time", "optin_time"}},
		status:  mailchimpStatus,
	},
	{
		name: "ghost", all: []string{"email", "subscribed_to_emails"},
		columns: map[string][]string{"email": {"email"}, "name": {"name"}, "since": {"created_at"}},
		status:  ghostStatus,
	},
	{
		name: "substack", all: []string{"email"}, any: []string{"active_subscription", "email_disabled"},
		columns: map[string][]string{"email": {"email"}, "name": {"name"}, "since": {"created_at"}},
		status:  substackStatus,
	},
}

// listmonkStatus: the subscriber's own status comes first, then that of its subscription, where the file has it.
func listmonkStatus(cell func(string) string) (status, why string) {
	switch s := word(cell("status")); s {
	case "enabled":
	case "blocklisted", "blacklisted":
		return Barred, s
	default:
		return Idle, s
	}
	switch s := word(cell("subscription_status")); s {
	case "", "confirmed":
		return Active, ""
	case "unconfirmed":
		return Pending, ""
	case "unsubscribed":
		return Left, s
	default:
		return Idle, s
	}
}

// mailchimpStatus: the files of those who unsubscribed and who were cleaned have a column of their own for when, and a file of
// those who never subscribed is known by its name alone, which [Sheet.recognise] looks at.
func mailchimpStatus(cell func(string) string) (status, why string) {
	switch s := word(cell("status")); s {
	case "", "subscribed", "confirmed":
	case "unsubscribed":
		return Left, s
	case "cleaned", "bounced", "complained":
		return Barred, s
	case "pending", "unconfirmed":
		return Pending, ""
	default: // "nonsubscribed", "transactional", "archived"
		return Idle, s
	}
	switch {
	case cell("clean_time") != "":
		return Barred, "cleaned"
	case cell("unsub_time") != "":
		return Left, "unsubscribed"
	case cell("confirm_time") == "" && cell("optin_time") == "" && cell("member_rating") == "":
		return Pending, "" // nothing says that the reader ever agreed
	}
	return Active, ""
}

func ghostStatus(cell func(string) string) (status, why string) {
	switch {
	case cell("deleted_at") != "":
		return Left, "deleted"
	case word(cell("subscribed_to_emails")) != "true":
		return Left, "subscribed_to_emails " + word(cell("subscribed_to_emails"))
	}
	return Active, ""
}

// substackStatus: active_subscription tells who pays, and nothing about letters.
func substackStatus(cell func(string) string) (status, why string) {
	if s := word(cell("email_disabled")); s != "" && s != "false" {
		return Left, "email_disabled " + s
	}
	return Active, ""
}

func word(s string) string { return strings.ToLower(strings.TrimSpace(cut(s))) }

// words of other files for a status, beside our own.
var words = map[string]string{
	"enabled": Active, "subscribed": Active, "confirmed": Active, "unconfirmed": Pending,
	"unsubscribed": Left, "blocklisted": Barred, "blacklisted": Barred, "cleaned": Barred, "bounced": Barred, "complained": Barred,
	"suppressed": Barred, "disabled": Idle,
}

// recognise decides by the header what each column is.
func (s *Sheet) recognise(o Options) error {
	for i, cell := range s.Header {
		name := column(cell)
		if _, twice := s.place[name]; twice && name != "" && (slices.Contains(Columns, name) || len(o.Map) > 0) {
			return fmt.Errorf("line 1: the column %q stands there twice", cut(name))
		} else if !twice {
			s.place[name] = i
		}
	}
	s.kind = s.kindOf()
	if err := s.mapped(o.Map); err != nil {
		return err
	}
	s.Kind = s.kind.name
	if s.kind.name == "mailchimp" {
		s.kind.status = byName(o.Name, s.kind.status)
	}
	switch {
	case s.Kind == "" || s.Kind == "mapped":
		if s.kind.columns["email"] == nil {
			return s.unknown()
		}
	case s.Kind == "vestnik":
		if _, ok := s.place["email"]; !ok {
			return s.unknown()
		}
	}
	return nil
}

func column(cell string) string { return strings.ToLower(strings.TrimSpace(bare(cell))) }

func (s *Sheet) kindOf() kind {
	own := kind{name: "vestnik", columns: map[string][]string{}}
	for _, name := range Columns {
		own.columns[name] = []string{name}
	}
	if _, digests := s.place["digests"]; digests || s.isOwn() {
		return own
	}
	has := func(name string) bool { _, ok := s.place[name]; return ok }
	for _, k := range kinds {
		if !slices.ContainsFunc(k.all, func(name string) bool { return !has(name) }) && (len(k.any) == 0 || slices.ContainsFunc(k.any, has)) {
			k.columns = maps.Clone(k.columns)
			return k
		}
	}
	return kind{columns: map[string][]string{}}
}

// isOwn reports whether all columns are ours.
func (s *Sheet) isOwn() bool {
	for name := range s.place {
		if !slices.Contains(Columns, name) && name != Problem {
			return false
		}
	}
	return true
}

// mapped puts the columns that were named in place of those that were recognised.
func (s *Sheet) mapped(named map[string]string) error {
	for _, ours := range slices.Sorted(maps.Keys(named)) {
		theirs := column(named[ours])
		if !slices.Contains(Columns, ours) {
			return fmt.Errorf("the mapping %s=%s: %q is not known; there are %s", cut(ours), cut(theirs), cut(ours), strings.Join(Columns, ", "))
		}
		if _, ok := s.place[theirs]; !ok {
			return fmt.Errorf("line 1: the mapping %s=%s: there is no column %q; there are %s", ours, cut(theirs), cut(theirs), s.columns())
		}
		s.kind.columns[ours] = []string{theirs}
		if ours == "status" {
			s.kind.status = nil
		}
	}
	if len(named) > 0 && (s.kind.name == "" || s.kind.name == "vestnik") {
		s.kind.name = "mapped"
		for _, name := range Columns { // what has our name already needs no mapping
			if _, ok := s.place[name]; ok && s.kind.columns[name] == nil {
				s.kind.columns[name] = []string{name}
			}
		}
	}
	if s.kind.name == "vestnik" && !s.isOwn() {
		return s.unknown()
	}
	return nil
}

func (s *Sheet) columns() string {
	var all []string
	for _, cell := range s.Header[:min(len(s.Header), 40)] {
		all = append(all, fmt.Sprintf("%q", cut(strings.TrimSpace(cell))))
	}
	return strings.Join(all, ", ")
}

func (s *Sheet) unknown() error {
	for _, cell := range s.Header {
		if name := column(cell); !slices.Contains(Columns, name) && name != Problem {
			return fmt.Errorf("line 1: the column %q is not known; the header must name some of %s, email among them, or be that of listmonk, Mailchimp, Ghost or Substack; "+
				"of any other file say which column is which: --map email=%q", cut(name), strings.Join(Columns, ","), cut(strings.TrimSpace(s.Header[0])))
		}
	}
	return fmt.Errorf("line 1: the column email is missing; the header must name some of %s", strings.Join(Columns, ","))
}

// byName looks at the names that Mailchimp gives its files.
func byName(name string, status func(func(string) string) (string, string)) func(func(string) string) (string, string) {
	name = strings.ToLower(filepath.Base(name))
	fixed := ""
	switch {
	case strings.HasPrefix(name, "nonsubscribed"), strings.HasPrefix(name, "archived"):
		fixed = Idle
	case strings.HasPrefix(name, "unsubscribed"):
		fixed = Left
	case strings.HasPrefix(name, "cleaned"):
		fixed = Barred
	default:
		return status
	}
	return func(func(string) string) (string, string) {
		why, _, _ := strings.Cut(name, "_")
		return fixed, strings.TrimSuffix(why, ".csv")
	}
}

// fill reads the cells of a row.
func (s *Sheet) fill(row *Row) {
	cell := func(name string) string {
		if i, ok := s.place[name]; ok {
			return s.bareOf(row.Cells[i])
		}
		return ""
	}
	ours := func(name string) string { return s.text(name, cell) }
	row.Email, row.Name, row.Digests = strings.TrimSpace(ours("email")), ours("name"), ours("digests")
	row.Language, row.Timezone, row.Hour, row.Sections = ours("language"), ours("timezone"), ours("hour"), ours("sections")
	row.Since, row.Until, row.UUID = ours("since"), ours("until"), ours("uuid")
	if s.kind.status != nil {
		row.Status, row.Why = s.kind.status(func(name string) string { return strings.TrimSpace(cell(name)) })
		return
	}
	row.Status = word(ours("status"))
	if status, ok := words[row.Status]; ok && s.kind.name == "mapped" {
		row.Status, row.Why = status, row.Status
	}
	if row.Status == Left && row.Why == "" {
		row.Why = "left"
	}
}

func (s *Sheet) text(name string, cell func(string) string) string {
	columns := s.kind.columns[name]
	switch {
	case len(columns) == 0:
		return ""
	case len(columns) == 1:
		return cell(columns[0])
	}
	var parts []string
	for _, column := range columns {
		if text := strings.TrimSpace(cell(column)); text != "" {
			if name == "since" {
				return text
			}
			parts = append(parts, text)
		}
	}
	return strings.Join(parts, " ")
}

// Time reads a moment as any of these files writes it; one without a zone is UTC.
func Time(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, time.DateTime, time.DateOnly, "2006-01-02 15:04:05.999999999 -0700"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	// listmonk prints Go's way: "2024-01-15 10:00:00.123456 +0000 UTC", with a zone's name after the offset.
	if parts := strings.Fields(s); len(parts) == 4 {
		if t, err := time.Parse("2006-01-02 15:04:05.999999999 -0700", strings.Join(parts[:3], " ")); err == nil {
			return t, true
		}
	}
	return language.ParseDate(strings.TrimSpace(s), time.UTC)
}
