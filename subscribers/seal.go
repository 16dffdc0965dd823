package subscribers

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"vestnik/db"
	"vestnik/mail"
	"vestnik/subscribers/consent"
	"vestnik/templates"
)

// sealHour is when the week begins for [Verbs.MailHead]: on Monday at eight by the site's clock.
const sealHour = 8 * time.Hour

// MailHead writes the week's letter with the head of the log of consent to the newsroom's admin, and reports whether it did. Whoever
// keeps it can prove, or disprove, later that the log was not rewritten. Call it as often as you like, on every node: the
// letter's key is the week, and can exist only once. It seals what is not sealed before; an empty log is not worth a letter.
func (v Verbs) MailHead(ctx context.Context, d *db.DB, admin string, now time.Time) (bool, error) {
	address, _, err := ParseAddress(admin)
	if err != nil {
		return false, err
	}
	week := weekOf(now.In(v.zone()))
	ref := db.FirstID(week)
	if known, err := mail.Exists(ctx, d, mail.Key{Kind: mail.KindNotice, Ref: ref}); err != nil || known {
		return false, err // asked every hour: the lock of a transaction is for once a week
	}
	if _, err := consent.Seal(ctx, d, now); err != nil {
		return false, err
	}
	head, err := consent.CurrentHead(ctx, d)
	if err != nil || head.N == 0 {
		return false, err
	}
	fresh, err := v.writeHead(ctx, d, address, ref, head, now)
	if err != nil {
		return false, fmt.Errorf("the letter with the head of the log of consent: %w", err)
	}
	return fresh, nil
}

func (v Verbs) zone() *time.Location {
	if v.Site.Location == nil {
		return time.UTC
	}
	return v.Site.Location
}

// weekOf is when the week of now began.
func weekOf(now time.Time) time.Time {
	day := now.Add(-sealHour)
	monday := day.Day() - (int(day.Weekday())+6)%7
	return time.Date(day.Year(), day.Month(), monday, int(sealHour/time.Hour), 0, 0, 0, now.Location())
}

func (v Verbs) writeHead(ctx context.Context, d *db.DB, address string, ref int64, head consent.Head, now time.Time) (fresh bool, err error) {
	language := firstOf(shipped(v.Site.Language), templates.Languages()[0])
	words, err := v.Templates.SealLetter(templates.SealLetter{Site: v.Site, Language: language, Head: head.String(), Lines: head.N, At: head.At,
		Command: "vestnik subscribers verify-log --head " + head.String()})
	if err != nil {
		return false, err
	}
	master, err := mail.Compose(v.Identity, mail.Message{Kind: mail.KindNotice, Language: language, Subject: words.Subject, HTML: words.HTML, Text: words.Text})
	if err != nil {
		return false, err
	}
	err = d.Tx(ctx, func(tx *sql.Tx) error {
		fresh, err = mail.Enqueue(ctx, tx, mail.Letter{Kind: mail.KindNotice, Ref: ref, Variant: language, Revision: firstRevision,
			Address: address, Expires: now.Add(7 * 24 * time.Hour)}, now)
		if err != nil || !fresh {
			return err // another node's letter, whose words may be others
		}
		return mail.PutMaster(ctx, tx, ref, firstRevision, language, master, now)
	})
	return fresh, err
}
