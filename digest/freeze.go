package digest

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"vestnik/db"
	"vestnik/mail"
	"vestnik/subscribers"
	"vestnik/templates"
)

// A variant is the master copy of an edition's letters in one language, in one layout, and with the stories of some sections alone.
type variant struct {
	language string
	layout   string // that readers chose; "" for the edition's
	sections string // slugs parted by spaces; "" for the whole edition
	view     templates.EditionView
	master   mail.Master
}

// name is the variant's in the ledger: language[.layout][/section,section].
func (v variant) name() string {
	name := v.language
	if v.layout != "" {
		name += "." + v.layout
	}
	if v.sections != "" {
		name += "/" + strings.ReplaceAll(v.sections, " ", ",")
	}
	return name
}

// parseVariant is the reverse of name.
func parseVariant(name string) (v variant) {
	look, sections, _ := strings.Cut(name, "/")
	v.language, v.layout, _ = strings.Cut(look, ".")
	v.sections = strings.ReplaceAll(sections, ",", " ")
	return v
}

// freeze makes everything of an edition, so that writing it down takes no time.
func (p Publisher) freeze(ctx context.Context, dg Digest, slot Slot, view templates.EditionView, now time.Time, o occasion) (Edition, []variant, error) {
	view.Revision = 1
	e := Edition{
		ID: db.NewID(), Digest: dg.Name, Slot: Slot{Wall: slot.Wall, At: slot.At.UTC()}, Start: view.From.UTC(), Until: view.Until.UTC(),
		State: Enqueuing, Reason: o.reason, Revision: 1, Subject: view.Subject, Title: dg.Title, Language: dg.Language, Article: o.article,
		Expires: o.expires.UTC(), Made: now.UTC(), View: view, Hash: view.Hash(),
	}
	s, err := dg.schedule()
	if err != nil {
		return e, nil, err
	}
	e.zone = dg.Location.String()
	views, looks := map[string]templates.EditionView{}, map[string][]string{}
	if o.article == 0 { // one article is no earlier part of the next list, and has one layout
		e.next = s.slot(s.next(slot.Wall)).At
		if views, err = p.sections(ctx, dg, slot, now); err == nil {
			looks, err = p.looks(ctx, dg)
		}
		if err != nil {
			return e, nil, err
		}
	}
	views[""] = view
	var variants []variant
	for sections, view := range views {
		view.Revision = e.Revision
		for _, layout := range append([]string{""}, looks[sections]...) {
			for _, language := range templates.Languages() {
				v := variant{language: language, layout: layout, sections: sections, view: view}
				if v.master, err = p.master(e, v); err != nil {
					return e, nil, err
				}
				variants = append(variants, v)
			}
		}
	}
	return e, variants, nil
}

// looks are the layouts other than the digest's own that some readers chose, by the sections that they chose beside them: a variant is made
// for what was chosen, and once for all who did.
func (p Publisher) looks(ctx context.Context, dg Digest) (map[string][]string, error) {
	offered := dg.Looks()
	chosen, err := subscribers.ChosenLooks(ctx, p.DB, dg.Name, offered[min(1, len(offered)):], maxSections)
	looks := map[string][]string{}
	for _, c := range chosen {
		looks[c.Sections] = append(looks[c.Sections], c.Layout)
	}
	return looks, err
}

// master composes the letter of a variant of an edition.
func (p Publisher) master(e Edition, v variant) (mail.Master, error) {
	marks := mail.NewMarks()
	letter, err := p.Templates.DigestLetter(templates.DigestLetter{
		Site: p.Site, Language: v.language, Layout: v.layout, Edition: v.view, Hash: e.Hash,
		Leave:       p.Site.URL + "/unsubscribe/" + mail.HoleLeave,
		Preferences: p.Site.URL + "/preferences/" + mail.HolePreferences,
		Consent: templates.ConsentMarks{
			Page: marks.Before(mail.PlacePage), Import: marks.Before(mail.PlaceImport), Hand: marks.Before(mail.PlaceHand),
			Other: marks.Before(mail.PlaceOther), Day: marks.Day(), End: marks.End(),
		},
	})
	if err != nil {
		return mail.Master{}, fmt.Errorf("%s: %w", v.name(), err)
	}
	master, err := mail.Compose(p.Identity, mail.Message{
		Kind: mail.KindDigest, Digest: e.Digest, ListTitle: e.Title, Language: v.language,
		Subject: letter.Subject, HTML: letter.HTML, Text: letter.Text, Marks: marks,
	})
	if err != nil {
		return mail.Master{}, fmt.Errorf("%s: %w", v.name(), err)
	}
	return master, nil
}

// write keeps a new edition, its list and its master copies.
func (e Edition) write(ctx context.Context, tx *sql.Tx, variants []variant) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO editions (id, digest, due, slot_at, start, until, state, revision, subject, title, language,
		                      cursor, recipients, expires, made, next_at, timezone, approve_by, article)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, 0, $12, $13, $14, $15, $16, $17)`,
		e.ID, e.Digest, e.Slot.Wall.UnixMilli(), db.Milli(e.Slot.At), db.Milli(e.Start), db.Milli(e.Until), e.State, e.Revision,
		db.Text(e.Subject), db.Text(e.Title), e.Language, db.Milli(e.Expires), db.Milli(e.Made), db.Milli(e.next), e.zone, db.Milli(e.ApproveBy), e.Article)
	if err != nil {
		return fmt.Errorf("edition: %w", err)
	}
	stop("edition")
	return e.writeRevision(ctx, tx, Revision{Revision: e.Revision, Made: e.Made, What: "compiled", Subject: e.Subject, Hash: e.Hash}, variants)
}

// writeRevision keeps what an edition's first or next revision is: its list, and what each variant shows and says.
func (e Edition) writeRevision(ctx context.Context, tx *sql.Tx, r Revision, variants []variant) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO edition_revisions (edition, revision, made, by_whom, what, note, correction, noted, subject, hash)
		VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, $9)`,
		e.ID, r.Revision, db.Milli(r.Made), db.Text(r.By), db.Text(r.What), db.Text(r.Note), r.Correction, db.Text(r.Subject), r.Hash)
	stop("revision's own row")
	if err == nil {
		err = e.writeItems(ctx, tx)
	}
	if err != nil {
		return fmt.Errorf("revision %d: %w", r.Revision, err)
	}
	stop("items")
	written := map[string]bool{}
	for _, v := range variants {
		if err := mail.PutMaster(ctx, tx, e.ID, r.Revision, v.name(), v.master, r.Made); err != nil {
			return err
		}
		stop("master " + v.name())
		if written[v.sections] {
			continue // once for all languages and layouts
		}
		written[v.sections] = true
		if err := e.writeBody(ctx, tx, r.Revision, v); err != nil {
			return fmt.Errorf("%s: %w", v.name(), err)
		}
	}
	return nil
}

// writeBody keeps what a variant shows.
func (e Edition) writeBody(ctx context.Context, tx *sql.Tx, revision int64, v variant) error {
	body, err := json.Marshal(v.view)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO edition_bodies (edition, revision, sections, body) VALUES ($1, $2, $3, $4)`,
		e.ID, revision, v.sections, db.Text(string(body)))
	if err != nil || v.sections == "" || e.Public() && revision > 1 { // what was in letters that went out stays in the memory of what was in them
		return err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM edition_chosen WHERE edition = $1 AND sections = $2`, e.ID, v.sections); err != nil {
		return err
	}
	return e.writeChosen(ctx, tx, v)
}

// writeItems keeps the list, in place of that of the revision before.
func (e Edition) writeItems(ctx context.Context, tx *sql.Tx) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM edition_items WHERE edition = $1`, e.ID); err != nil {
		return err
	}
	const columns = 8
	for some := range slices.Chunk(e.View.Items, 100) {
		var rows []string
		var args []any
		for _, i := range some {
			rows = append(rows, "("+db.Placeholders(len(args)+1, columns)+")")
			args = append(args, e.ID, int64(i.Rank), i.Article, db.Text(i.Title), i.Reads, i.Score, i.Reason, int64(i.Block))
		}
		_, err := tx.ExecContext(ctx, `
			INSERT INTO edition_items (edition, pos, article, title, reads, score, reason, block)
			VALUES `+strings.Join(rows, ", "), args...)
		if err != nil {
			return err
		}
	}
	return nil
}
