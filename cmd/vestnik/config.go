package main

import (
	"errors"
	"fmt"
	"net/mail"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
)

// Config is the configuration file, vestnik.toml. Only this package knows that a file exists; everything else receives
// values. vestnik.toml.tmpl, which `vestnik init` writes, comments every key.
type Config struct {
	Site     SiteConfig              `toml:"site"`
	HTTP     HTTPConfig              `toml:"http"`
	Database DatabaseConfig          `toml:"database"`
	Mail     MailConfig              `toml:"mail"`
	Digests  []DigestConfig          `toml:"digest"`
	Sources  []SourceConfig          `toml:"source"`
	Feeds    FeedsConfig             `toml:"feeds"`
	Feed     []FeedConfig            `toml:"feed"`
	Banners  []BannerConfig          `toml:"banner"`
	Reads    ReadsConfig             `toml:"reads"`
	Join     JoinConfig              `toml:"join"`
	Keep     RetentionConfig         `toml:"retention"`
	Imprint  ImprintConfig           `toml:"imprint"`
	Labels   map[string]LabelsConfig `toml:"labels"`
	Node     NodeConfig              `toml:"node"`

	dir string // the file's folder: relative paths are under it
}

type SiteConfig struct {
	Title     string `toml:"title"`
	URL       string `toml:"url"`
	Language  string `toml:"language"`
	Timezone  string `toml:"timezone"`
	Secret    string `toml:"secret"`
	Templates string `toml:"templates"`
	Admin     string `toml:"admin"`

	location *time.Location
}

type HTTPConfig struct {
	Listen         string   `toml:"listen"`
	TrustedProxies []string `toml:"trusted_proxies"`

	proxies []netip.Prefix
}

type DatabaseConfig struct {
	URL string `toml:"url"`
}

type MailConfig struct {
	From         string        `toml:"from"`
	BounceDomain string        `toml:"bounce_domain"`
	InDoubtMax   int           `toml:"in_doubt_max"`
	Relays       []RelayConfig `toml:"relay"`

	from mail.Address
}

type RelayConfig struct {
	URL         string `toml:"url"`
	Connections int    `toml:"connections"`
}

type DigestConfig struct {
	Name     string    `toml:"name"`
	Title    string    `toml:"title"`
	Schedule string    `toml:"schedule"`
	Timezone string    `toml:"timezone"`
	Language string    `toml:"language"`
	Window   Duration  `toml:"window"`
	Rank     string    `toml:"rank"`
	Count    int       `toml:"count"`
	Related  *int      `toml:"related"`
	WhenThin string    `toml:"when_thin"`
	MinItems int       `toml:"min_items"`
	MaxAge   Duration  `toml:"max_age"`
	Repeat   *Duration `toml:"repeat_after"`
	CatchUp  Duration  `toml:"catch_up"`
	MaxLate  Duration  `toml:"max_late"`
	InDoubt  string    `toml:"in_doubt"`
	BestOf   string    `toml:"best_of"`

	Subject       string        `toml:"subject"`
	Layout        string        `toml:"layout"`
	Layouts       []string      `toml:"layouts"`
	Collapse      bool          `toml:"collapse"`
	Sections      []string      `toml:"sections"`
	Blocks        []BlockConfig `toml:"block"`
	Approve       bool          `toml:"approve"`
	ApproveWithin Duration      `toml:"approve_within"`
	Editors       []string      `toml:"editors"`
	Grace         *Duration     `toml:"grace"`
	Text          string        `toml:"text"`
	SearchEngines *bool         `toml:"search_engines"`

	location *time.Location
}

// BlockConfig is a part of a digest with a heading of its own.
type BlockConfig struct {
	Title   string `toml:"title"`
	Rank    string `toml:"rank"`
	Section string `toml:"section"`
	Count   int    `toml:"count"`
	Words   int    `toml:"words"`
	Layout  string `toml:"layout"`
}

type SourceConfig struct {
	Name     string   `toml:"name"`
	URL      string   `toml:"url"`
	Every    Duration `toml:"every"`
	Section  string   `toml:"section"`
	Language string   `toml:"language"`
}

// FeedsConfig holds for all feeds, FeedConfig for one.
type FeedsConfig struct {
	Items int               `toml:"items"`
	Text  string            `toml:"text"`
	Image string            `toml:"image"`
	Hub   *bool             `toml:"hub"`
	Old   map[string]string `toml:"old"`
}

type FeedConfig struct {
	Name  string    `toml:"name"`
	Items int       `toml:"items"`
	Text  string    `toml:"text"`
	Moved string    `toml:"moved"`
	Ended time.Time `toml:"ended"`
}

type BannerConfig struct {
	Name    string    `toml:"name"`
	Image   string    `toml:"image"`
	Link    string    `toml:"link"`
	Label   string    `toml:"label"`
	Erid    string    `toml:"erid"`
	Payer   string    `toml:"advertiser"`
	Alt     string    `toml:"alt"`
	Place   []string  `toml:"place"`
	Digests []string  `toml:"digests"`
	From    time.Time `toml:"from"`
	Until   time.Time `toml:"until"`
}

type ReadsConfig struct {
	Mode       string   `toml:"mode"`
	MinVisible Duration `toml:"min_visible"`
	RespectGPC *bool    `toml:"respect_gpc"`
	Sample     int      `toml:"sample"`
	Least      *int64   `toml:"least"`
	LeastShare *float64 `toml:"least_share"`
	MaxAge     Duration `toml:"max_age"`
	PerSection int      `toml:"per_section"`
	Show       *bool    `toml:"show"`
	Rank       string   `toml:"rank"`
	Sites      []string `toml:"sites"`
}

// RetentionConfig says how long is kept what must not be kept for ever; 0 is for ever.
type RetentionConfig struct {
	Pending *Duration `toml:"pending"`
	Left    *Duration `toml:"left"`
	Letters *Duration `toml:"letters"`
	Imports *Duration `toml:"imports"`
}

// JoinConfig limits what strangers can make us send.
type JoinConfig struct {
	PerNetwork int      `toml:"per_network"`
	PerDomain  int      `toml:"per_domain"`
	PerHour    int      `toml:"per_hour"`
	Again      Duration `toml:"again"`
	PerDay     int      `toml:"per_day"`
	PerMonth   int      `toml:"per_month"`
}

type ImprintConfig struct {
	Publisher string `toml:"publisher"`
	Address   string `toml:"address"`
	Email     string `toml:"email"`
	Age       string `toml:"age"`
	Notice    string `toml:"notice"`
}

type LabelsConfig struct {
	Author    []string `toml:"author"`
	Date      []string `toml:"date"`
	MostRead  []string `toml:"most_read"`
	Related   []string `toml:"related"`
	More      []string `toml:"more"`
	Leftovers []string `toml:"leftovers"`
}

type NodeConfig struct {
	Name  string   `toml:"name"`
	Roles []string `toml:"roles"`
}

// Duration is a length of time as the configuration writes it: "90s", "24h", "7d".
type Duration time.Duration

// UnmarshalText reads "90s", "1h30m" or a whole number of days, "7d".
func (d *Duration) UnmarshalText(text []byte) error {
	s := string(text)
	if days, ok := strings.CutSuffix(s, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n > 0 {
			*d = Duration(time.Duration(n) * 24 * time.Hour)
			return nil
		}
	}
	v, err := time.ParseDuration(s)
	if err != nil || v < 0 {
		return fmt.Errorf(`%q is not a length of time; write "90s", "24h" or "7d"`, s)
	}
	*d = Duration(v)
	return nil
}

// LoadConfig reads and checks the file. Every error is one sentence that names the file, and the line where there is one.
func LoadConfig(path string) (*Config, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("there is no %s here; make one with `vestnik init`, or name it with --config", path)
	}
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	return parseConfig(path, filepath.Dir(abs), string(data), os.LookupEnv)
}

// parseConfig reads a configuration's text; name is for messages, dir is where relative paths begin.
func parseConfig(name, dir, text string, environment func(string) (string, bool)) (*Config, error) {
	c := &Config{dir: dir}
	if err := c.decode(name, text); err != nil {
		return nil, err
	}
	if err := overrideFromEnv(reflect.ValueOf(c).Elem(), "VESTNIK", environment); err != nil {
		return nil, err
	}
	c.fillDefaults()
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return c, nil
}

func (c *Config) decode(path, data string) error {
	meta, err := toml.Decode(data, c)
	var parse toml.ParseError
	if errors.As(err, &parse) {
		return fmt.Errorf("%s:%d: %s", path, parse.Position.Line, parse.Message)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		key := unknown[0].String()
		return fmt.Errorf("%s:%d: unknown key %s; known here: %s", path, lineOf(data, key), key, strings.Join(knownKeys(unknown[0]), ", "))
	}
	return nil
}

var (
	tableLine = regexp.MustCompile(`^\s*\[+\s*([^\]]+?)\s*\]+`)
	keyLine   = regexp.MustCompile(`^\s*([A-Za-z0-9_."-]+)\s*=`)
)

// lineOf is the first line of data that sets key or opens the table key; 0 if there is none.
func lineOf(data, key string) int {
	table := ""
	for i, line := range strings.Split(data, "\n") {
		if m := tableLine.FindStringSubmatch(line); m != nil {
			table = m[1] + "."
			if m[1] == key {
				return i + 1
			}
		} else if m := keyLine.FindStringSubmatch(line); m != nil && table+m[1] == key {
			return i + 1
		}
	}
	return 0
}

// knownKeys lists the keys that may stand where the unknown one does.
func knownKeys(unknown toml.Key) []string {
	t := reflect.TypeFor[Config]()
	for _, part := range unknown[:len(unknown)-1] {
		for t.Kind() == reflect.Slice || t.Kind() == reflect.Map || t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if f, ok := fieldOf(t, part); ok {
			t = f.Type
		}
	}
	for t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
		t = t.Elem()
	}
	var keys []string
	for f := range fieldsOf(t) {
		keys = append(keys, f.Tag.Get("toml"))
	}
	return keys
}

func fieldsOf(t reflect.Type) func(yield func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for i := 0; t.Kind() == reflect.Struct && i < t.NumField(); i++ {
			if f := t.Field(i); f.Tag.Get("toml") != "" && !yield(f) {
				return
			}
		}
	}
}

func fieldOf(t reflect.Type, key string) (reflect.StructField, bool) {
	for f := range fieldsOf(t) {
		if f.Tag.Get("toml") == key {
			return f, true
		}
	}
	return reflect.StructField{}, false
}

// path makes a path of the configuration absolute: it is relative to the file's folder.
func (c *Config) path(p string) string {
	if p == "" || filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(c.dir, p)
}

// databaseURL is the database's address with a SQLite file made absolute.
func (c *Config) databaseURL() string {
	if file, ok := strings.CutPrefix(c.Database.URL, "sqlite:"); ok {
		return "sqlite:" + c.path(file)
	}
	return c.Database.URL
}

// hasRole reports whether this node does the part: web, cron, send or poll.
func (c *Config) hasRole(role string) bool { return slices.Contains(c.Node.Roles, role) }
