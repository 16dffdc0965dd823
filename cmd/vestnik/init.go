package main

import (
	"bytes"
	"crypto/rand"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"vestnik/db"
	"vestnik/db/schema"
)

//go:embed vestnik.toml.tmpl
var configTemplate string

// InitCmd writes a configuration and makes the database.
type InitCmd struct {
	Dir string `arg:"" optional:"" default:"." help:"Folder; made if it is not there."`
}

func (cmd InitCmd) Run(a *app) error {
	if err := os.MkdirAll(cmd.Dir, 0o755); err != nil {
		return fmt.Errorf("make the folder %s: %w", cmd.Dir, err)
	}
	path := filepath.Join(cmd.Dir, "vestnik.toml")
	if err := writeConfig(path); err != nil {
		return err
	}
	c, err := LoadConfig(path)
	if err != nil {
		return err
	}
	d, err := db.Open(a.ctx, c.databaseURL())
	if err != nil {
		return err
	}
	defer d.Close()
	if _, _, err := schema.Migrate(a.ctx, d); err != nil {
		return err
	}
	a.say("Wrote %s and made the database beside it. Next:", path)
	if cmd.Dir != "." {
		a.say("    cd %s", cmd.Dir)
	}
	a.say("    vestnik articles import FILE...     put articles in")
	a.say("    vestnik serve                       then open %s", c.Site.URL)
	return nil
}

// writeConfig writes a new configuration with a new secret; readable by its owner only, and never over an old one.
func writeConfig(path string) error {
	text, err := newConfig()
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s is there already and was left as it is; edit it, or name another folder", path)
	}
	if err != nil {
		return fmt.Errorf("write the configuration: %w", err)
	}
	if _, err := f.Write(text); err != nil {
		f.Close()
		return fmt.Errorf("write %s: %w", path, err)
	}
	return f.Close()
}

func newConfig() ([]byte, error) {
	t, err := template.New("vestnik.toml").Parse(configTemplate)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = t.Execute(&b, map[string]string{"Secret": rand.Text() + rand.Text(), "Timezone": localZone()})
	return b.Bytes(), err
}

// localZone is the machine's zone by name, else UTC.
func localZone() string {
	link, err := os.Readlink("/etc/localtime")
	if _, name, ok := strings.Cut(link, "zoneinfo/"); err == nil && ok && name != "" {
		return strings.TrimPrefix(name, "posix/")
	}
	return "UTC"
}
