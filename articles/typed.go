package articles

import "vestnik/articles/clean"

// Typed is one line of what an editor typed, as a headline that came in would be cleaned: see [clean.Typed].
func Typed(s string) string { return clean.Typed(s) }

// Visible is a text of several lines that an editor typed, without what nobody sees: see [clean.Visible].
func Visible(s string) string { return clean.Visible(s) }
