package digest

import (
	"fmt"
	"strings"
	"time"
)

// What follows is the wording of `digest why`: one sentence for each article, as a person would say it.

// item says why an article is in its block.
func (w *why) item(i blockItem) Explained {
	x := Explained{Article: i.Article, Place: i.place, Title: i.Title, Reads: i.Reads, Score: i.Score, Reason: i.Reason}
	switch i.Reason {
	case ReasonReads:
		x.Text = w.wasRead(i)
	case ReasonEditors:
		x.Text = "the editors pinned it" + w.pinnedReads(i)
	case ReasonLatest:
		x.Text = "it was published on " + w.moment(i.date)
	case ReasonFill:
		x.Text = "too little was read, so the latest follow; it was published on " + w.moment(i.date)
	case ReasonArticle:
		x.Text = "the edition is this article"
	default:
		x.Text = i.Reason
	}
	if i.date.IsZero() && (i.Reason == ReasonLatest || i.Reason == ReasonFill) {
		x.Text, _, _ = strings.Cut(x.Text, "; it was published on")
	}
	return x
}

func (w *why) pinnedReads(i blockItem) string {
	if i.Reads == 0 {
		return ", and nobody had read it"
	}
	place := 1
	for _, other := range w.items {
		if other.Block == i.Block && other.Article != i.Article && other.Reads > i.Reads {
			place++
		}
	}
	return fmt.Sprintf("; it had %s, and would stand %s in this list by reads alone", counted(i.Reads, "read"), ordinal(place))
}

// wasRead says how often an article was read, and why it stands where it does.
func (w *why) wasRead(i blockItem) string {
	text := counted(i.Reads, "read")
	adjusted := i.Score > float64(i.Reads)+0.5
	if adjusted {
		text += fmt.Sprintf(", which weigh as much as %s, as %s", number(int64(i.Score+0.5)), w.lifted(i))
	}
	if w.Edition.Revision > 1 {
		return text
	}
	more, before, pinned := w.neighbours(i)
	byReads := i.place - len(before) - len(pinned) + w.passed(i)
	switch {
	case byReads != i.place && len(pinned)+len(before) > 0:
		text += fmt.Sprintf("; it would stand %s by reads alone, but %s", ordinal(byReads), because(pinned, before))
	case byReads != i.place:
		text += fmt.Sprintf("; by reads alone it would stand %s", ordinal(byReads))
	case i.place == 1 && more == 0:
		text += w.first(i)
	}
	if more > 0 {
		text += "; " + leftOut(more)
	}
	return text
}

// first says of the first of a block that none has more reads.
func (w *why) first(i blockItem) string {
	for _, other := range w.items {
		if other.Block == i.Block && other.Article != i.Article && other.Reads == i.Reads {
			return ", as many as the next, which is not newer"
		}
	}
	for _, a := range w.absent {
		if a.Block == i.Block && a.Reads == i.Reads {
			return ", and none had more"
		}
	}
	return ", more than any other"
}

// lifted says why an article's reads weigh more than they are.
func (w *why) lifted(i blockItem) string {
	switch age := w.Edition.Until.Sub(i.date); {
	case i.date.Before(w.Edition.Start):
		return fmt.Sprintf("it was out since %s and most of its readers had come before", w.day(i.date))
	case age < 48*time.Hour:
		return fmt.Sprintf("it was out for only %s of the time", counted(int64(age.Hours()+0.5), "hour"))
	}
	return "it came out only on " + w.day(i.date)
}

// neighbours are what stands before an item in its block with fewer reads, or pinned, and how many with more reads are absent.
func (w *why) neighbours(i blockItem) (more int, before, pinned []string) {
	for _, other := range w.items {
		if other.Block != i.Block || other.place >= i.place || other.Reads >= i.Reads {
			continue
		}
		if other.Reason == ReasonEditors {
			pinned = append(pinned, other.Title)
		} else {
			before = append(before, other.Title)
		}
	}
	for _, a := range w.absent {
		if a.Block == i.Block && a.Reads > i.Reads {
			more++
		}
	}
	return more, before, pinned
}

// passed is how many of the block have more reads but stand after the item.
func (w *why) passed(i blockItem) (n int) {
	for _, other := range w.items {
		if other.Block == i.Block && other.place > i.place && other.Reads > i.Reads {
			n++
		}
	}
	return n
}

// because says what stands before an article that has more reads than that.
func because(pinned, before []string) string {
	var parts []string
	if len(pinned) > 0 {
		parts = append(parts, "the editors pinned "+listed(pinned)+" before it")
	}
	if len(before) > 0 {
		parts = append(parts, listed(before)+" had less time to be read")
	}
	return strings.Join(parts, ", and ")
}

func leftOut(more int) string {
	if more == 1 {
		return "one that was read more is left out, see below"
	}
	return number(int64(more)) + " that were read more are left out, see below"
}

// missing says why an article is not in a block that it nearly was in.
func (w *why) missing(a Absent) Explained {
	x := Explained{Article: a.Article, Place: a.Pos, Title: a.Title, Reads: a.Reads, Score: a.Score, Reason: a.Reason, Other: a.Other, Value: a.Value}
	had := "it "
	if a.Reads > 0 {
		had = "it had " + counted(a.Reads, "read") + " and "
	}
	switch a.Reason {
	case AbsentCount:
		x.Text = had + fmt.Sprintf("would stand %s, but the list ends with the %s place", ordinal(a.Pos), ordinal(w.lengthOf(a.Block))) + w.elsewhere(a)
	case AbsentFew:
		x.Text = fmt.Sprintf("it had %s, and %s are wanted at least", counted(a.Reads, "read"), number(int64(a.Value)))
	case AbsentShare:
		x.Text = fmt.Sprintf("it had %s, and %s are wanted here, a share of what the first has", counted(a.Reads, "read"), number(int64(a.Value)))
	case AbsentDropped:
		x.Text = had + w.wouldStand(a) + "but an editor took it out"
	default:
		x.Text = had + w.wouldStand(a) + "but " + w.reason(a)
	}
	return x
}

// elsewhere says that an article which is not in one block is in another.
func (w *why) elsewhere(a Absent) string {
	for _, i := range w.items {
		if i.Article == a.Article && i.Block != a.Block && i.Block < len(w.blocks()) {
			return fmt.Sprintf("; it stands %s under “%s”", ordinal(i.place), w.blocks()[i.Block])
		}
	}
	return ""
}

func (w *why) wouldStand(a Absent) string {
	if a.Pos == 0 {
		return "might be here, "
	}
	return "would stand " + ordinal(a.Pos) + ", "
}

// lengthOf is how many items a block has.
func (w *why) lengthOf(block int) (n int) {
	for _, i := range w.items {
		if i.Block == block {
			n++
		}
	}
	return n
}

// reason is why an article is absent, as the end of a sentence.
func (w *why) reason(a Absent) string {
	switch a.Reason {
	case AbsentWithdrawn:
		return "it was not published any more"
	case AbsentExcluded:
		return "the editors keep it out of such lists"
	case AbsentSection:
		return "it is of another section"
	case AbsentOld:
		return "it is too old: nothing from before " + w.day(time.UnixMilli(int64(a.Value))) + " comes in"
	case AbsentShort:
		return fmt.Sprintf("it is too short: %s are wanted", counted(int64(a.Value), "word"))
	case AbsentRepeated:
		return "it was in " + w.editionOf(a.Other)
	case AbsentStory:
		return Quoted(w.titles[a.Other]) + " tells the same story and stands for it"
	case AbsentFull:
		return fmt.Sprintf("%s of its section stand before it, and no more are wanted", number(int64(a.Value)))
	}
	return "the reason is: " + a.Reason
}

func (w *why) editionOf(id int64) string {
	if day, known := w.editions[id]; known {
		return "the edition of " + strings.TrimSuffix(day, w.Edition.Until.In(w.zone).Format(" 2006"))
	}
	return "an earlier edition"
}

// Quoted is a headline in quotation marks, of the other sort where it has such marks itself.
func Quoted(title string) string {
	if strings.ContainsAny(title, "“”") {
		return "«" + title + "»"
	}
	return "“" + title + "”"
}

// listed are titles in a sentence; of many the first two.
func listed(titles []string) string {
	switch n := len(titles); {
	case n == 1:
		return Quoted(titles[0])
	case n == 2:
		return Quoted(titles[0]) + " and " + Quoted(titles[1])
	default:
		return fmt.Sprintf("%s, %s and %s more", Quoted(titles[0]), Quoted(titles[1]), number(int64(n-2)))
	}
}

// counted is a number with a noun, as "1 read" and "1,204 reads".
func counted(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return number(n) + " " + noun + "s"
}

// number is a number with commas between its thousands.
func number(n int64) string {
	digits := fmt.Sprint(n)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// ordinal is 1st, 2nd, 3rd, 4th …
func ordinal(n int) string {
	suffix := "th"
	if n%100 < 11 || n%100 > 13 {
		switch n % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return fmt.Sprint(n) + suffix
}
