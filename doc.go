// Package vestnik is the root of the newsletter and syndication daemon; it holds no code. ARCHITECTURE.md is the tour
// of the house, cmd/vestnik the program.
package vestnik
