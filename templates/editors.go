package templates

import (
	"cmp"
	"slices"
	"time"
)

// Why editors get a letter about an edition that is held.
const (
	AskToApprove = "ask"       // it waits for them
	AskAgain     = "again"     // it still does, and little time is left
	NotApproved  = "cancelled" // nobody approved it in time
)

// ApproveLetter is what the letters to editors about a held edition get.
type ApproveLetter struct {
	Site     Site
	Language string
	Stage    string // AskToApprove and so on
	Edition  EditionView
	Link     string // to the editors' page
	Now      time.Time
	Until    time.Time // the deadline
}

// CorrectionLetter is what the letter gets that says what was wrong in an edition that was mailed.
type CorrectionLetter struct {
	Site        Site
	Language    string
	Edition     EditionView // corrected
	Text        string      // what was wrong and what is right: plain text, paragraphs parted by an empty line
	Leave       string      // address of the unsubscribe page; a hole of package mail in a master copy
	Preferences string
}

// ApproveLetter renders a letter to an editor. Its subject names the digest, the slot and the deadline.
func (s *Set) ApproveLetter(v ApproveLetter) (Letter, error) {
	v.Language = spoken(v.Language)
	v.Until, v.Now = in(v.Edition.Slot.Location(), v.Until), in(v.Edition.Slot.Location(), v.Now)
	title := cut(oneLine(v.Edition.DigestTitle), subjectRunes/2)
	subject := Text(v.Language, "approve_subject_"+cmp.Or(v.Stage, AskToApprove), Deadline(v.Language, v.Edition.Slot, v.Until), title, datetime(v.Language, v.Edition.Slot))
	return s.letter(v.Language, "approve", v, oneLine(subject), v.Preheader())
}

// CorrectionLetter renders the note to those who got an edition with a mistake.
func (s *Set) CorrectionLetter(v CorrectionLetter) (Letter, error) {
	v.Language = spoken(v.Language)
	return s.letter(v.Language, "correction", v, v.Subject(), v.Preheader())
}

// Preheader is the letter's opening sentence.
func (v ApproveLetter) Preheader() string {
	switch v.Stage {
	case AskAgain:
		return TimeLeft(v.Language, v.Until.Sub(v.Now)) + " " + Text(v.Language, "approve_again")
	case NotApproved:
		return Text(v.Language, "approve_too_late")
	}
	return Text(v.Language, "approve_ready", len(v.Edition.Items))
}

// Heading is what the letter asks or says.
func (v ApproveLetter) Heading() string {
	return Text(v.Language, "approve_heading_"+cmp.Or(v.Stage, AskToApprove))
}

// ItemsLanguage is the one of all headlines, or the letter's where they differ: what differs from it says so.
func (v ApproveLetter) ItemsLanguage() string {
	items := v.Edition.Items
	if len(items) == 0 {
		return v.Language
	}
	first := v.itemLanguage(items[0])
	if slices.ContainsFunc(items, func(i Item) bool { return v.itemLanguage(i) != first }) {
		return v.Language
	}
	return first
}

func (v ApproveLetter) itemLanguage(i Item) string {
	return cmp.Or(i.Language, v.Edition.Language, v.Language)
}

// Waits tells whether the edition can still be approved.
func (v ApproveLetter) Waits() bool { return v.Stage != NotApproved }

// Late says why an edition is not sent any more: its time was up, or the next one came first.
func (v ApproveLetter) Late() string {
	if v.Until.After(v.Now) {
		return Text(v.Language, "approve_superseded")
	}
	return Text(v.Language, "approve_late", v.Deadline())
}

// Deadline words until when the edition can be approved: the hour alone on the day of its slot.
func (v ApproveLetter) Deadline() string { return Deadline(v.Language, v.Edition.Slot, v.Until) }

// Subject names the digest and the day.
func (v CorrectionLetter) Subject() string {
	return cut(oneLine(Text(v.Language, "correction_subject", v.Edition.DigestTitle, date(v.Language, v.Edition.Slot))), subjectRunes)
}

// Preheader says of which edition the letter is.
func (v CorrectionLetter) Preheader() string {
	return Text(v.Language, "correction_preheader", v.Edition.DigestTitle, datetime(v.Language, v.Edition.Slot))
}

// Version is the number of the corrected revision.
func (v CorrectionLetter) Version() int64 { return max(v.Edition.Revision, 1) }

// Paragraphs of what was wrong.
func (v CorrectionLetter) Paragraphs() []string { return paragraphs(v.Text) }

// Deadline words a moment for who knows the day of the slot: the hour alone on that day.
func Deadline(lang string, slot, until time.Time) string {
	until = in(slot.Location(), until)
	if until.Format(time.DateOnly) == slot.Format(time.DateOnly) {
		return until.Format("15:04")
	}
	return datetime(lang, until)
}

// TimeLeft is a sentence about how long there is still time.
func TimeLeft(lang string, d time.Duration) string {
	minutes := int64((d + 30*time.Second) / time.Minute)
	switch {
	case minutes < 1:
		return Text(lang, "left_none")
	case minutes < 60:
		return Text(lang, "left_minutes", minutes)
	case minutes%60 == 0 || minutes >= 12*60:
		return Text(lang, "left_hours", minutes/60)
	}
	return Text(lang, "left_hours_minutes", minutes/60, minutes%60)
}

// EditPage is the editors' page of an edition.
type EditPage struct {
	Action   string // address to POST to
	Letter   string // address of the preview
	Editor   string // for whom the link was made
	Edition  EditionView
	Revision int64  // that the form was made from
	State    string // held, or what became of the edition: cancelled | enqueuing | sending | finished
	Until    time.Time
	Now      time.Time
	Audience int64 // who would get it

	Subject string // as stored, or as typed
	Note    string
	Parts   []EditPart
	Gone    []string // headlines that another editor has dropped meanwhile, as they were typed

	Variants []Choice // of the letter: name and title, the first one is shown

	History []EditStep

	Saved  bool   // the form was just saved
	Moved  bool   // it was only arranged, and is still to be saved
	Notice string // what else has happened, a sentence
	Stale  bool   // another editor was faster: nothing was saved
	Wrong  string // the field that was refused: "subject", "note", "items" or "title.7"
	Error  string // and why, a sentence

	Outcome EditOutcome
}

// An EditPart is a block of the edition with the lines of the form.
type EditPart struct {
	Heading string
	Items   []EditItem
}

// An EditItem is a line of the form.
type EditItem struct {
	Item
	Typed   string // the headline
	Number  string // its place in the part, as typed
	Dropped bool
	First   bool
	Last    bool
	Wrong   bool
}

// An EditStep says who changed what.
type EditStep struct {
	Revision int64
	At       time.Time
	By       string // "" for the daemon
	What     string
}

// An EditOutcome is what became of an edition that is not held any more.
type EditOutcome struct {
	By      string // who approved it
	Reason  string // of the slot
	Letters int64  // that there are
	Sent    int64
	Command string // that corrects or sends it
}

// Waits tells whether the edition can still be changed and approved.
func (p EditPage) Waits() bool { return p.State == "held" }

// Cancelled tells whether it was not sent.
func (p EditPage) Cancelled() bool { return p.State == "cancelled" }

// fewVariants are so many of a letter that all of them stand open.
const fewVariants = 3

// FirstVariants of the letter stand open, the others behind a button of their own.
func (p EditPage) FirstVariants() []Choice {
	if len(p.Variants) <= fewVariants {
		return p.Variants
	}
	return p.Variants[:fewVariants-1]
}

// MoreVariants are those others.
func (p EditPage) MoreVariants() []Choice { return p.Variants[len(p.FirstVariants()):] }

// Deadline words until when the edition can be approved.
func (p EditPage) Deadline(lang string) string { return Deadline(lang, p.Edition.Slot, p.Until) }

// Left is a sentence about the time left.
func (p EditPage) Left(lang string) string { return TimeLeft(lang, p.Until.Sub(p.Now)) }

// PartHeading is what a block of an edition is called.
func PartHeading(lang string, b Block) string {
	if b.Title != "" {
		return b.Title
	}
	return wordOr(lang, "edit_part_"+b.Rank, "")
}

// tryEditors renders the letters of held and corrected editions with sample data, full and empty.
func (s *Set) tryEditors(lang string) error {
	for _, e := range []EditionView{sampleEdition(), {}} {
		for _, stage := range []string{AskToApprove, AskAgain, NotApproved, ""} {
			v := ApproveLetter{Site: sampleSite(), Language: lang, Stage: stage, Edition: e, Link: "https://kino.example/edit/x", Now: sampleTime, Until: sampleTime.Add(time.Hour)}
			if _, err := s.ApproveLetter(v); err != nil {
				return err
			}
		}
		v := CorrectionLetter{Site: sampleSite(), Language: lang, Edition: e, Text: "Было не так.\n\nСтало так.", Leave: "https://kino.example/unsubscribe/x", Preferences: "https://kino.example/preferences/x"}
		if _, err := s.CorrectionLetter(v); err != nil {
			return err
		}
	}
	_, err := s.CorrectionLetter(CorrectionLetter{Language: lang})
	return err
}

// sampleEdit is the editors' page in a state of the edition.
func sampleEdit(state string) *EditPage {
	e := sampleEdition()
	p := &EditPage{Action: "/edit/x", Letter: "/edit/x/letter", Editor: "red@kino.example", Edition: e, Revision: 2, State: state, Until: sampleTime.Add(2 * time.Hour),
		Now: sampleTime, Audience: 1204, Subject: e.Subject, Note: "Слово редактора.", Variants: []Choice{{"ru", "Русский", true}, {"en", "English", false}},
		History: []EditStep{{1, sampleTime, "", "compiled"}, {2, sampleTime, "red@kino.example", "order"}}, Saved: true, Moved: true, Stale: true, Wrong: "note", Error: "Слишком длинно.",
		Gone: []string{"Заголовок"}, Outcome: EditOutcome{By: "red@kino.example", Reason: "not approved", Letters: 7, Sent: 3, Command: "vestnik digest send daily"}}
	for i, item := range e.Items {
		p.Parts = append(p.Parts, EditPart{Heading: "Новости", Items: []EditItem{{Item: item, Typed: item.Title, Number: "1", Dropped: i == 1, Wrong: i == 2, First: true, Last: true}}})
	}
	return p
}
