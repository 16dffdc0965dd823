package mailtest

import (
	"bytes"
	"fmt"
	"net"
	"slices"
	"strings"
)

// wireListener hands go-smtp connections that [wire] watches.
type wireListener struct {
	net.Listener
	server *Server
}

func (l *wireListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	w := &wire{Conn: c, server: l.server}
	l.server.mu.Lock()
	defer l.server.mu.Unlock()
	if l.server.closed {
		c.Close()
		return nil, net.ErrClosed
	}
	l.server.open[w] = true
	return w, nil
}

// wire stands between go-smtp and the socket for what go-smtp cannot do: leave an extension out of its EHLO reply,
// refuse the DATA command instead of sending 354, and close right after a reply. go-smtp writes every reply line by
// itself, so each Write here is one line. Only the connection's own goroutine
// touches the fields.
type wire struct {
	net.Conn
	server          *Server
	session         *session
	refused         bool   // the 354 was replaced: the coming (empty) body and its reply do not exist
	inject          []byte // read before the socket: the dot that ends the empty body
	closeAfterReply bool
}

// Close closes the socket.
func (w *wire) Close() error {
	w.server.mu.Lock()
	delete(w.server.open, w)
	w.server.mu.Unlock()
	return w.Conn.Close()
}

// Read gives the injected dot first.
func (w *wire) Read(b []byte) (int, error) {
	if len(w.inject) > 0 {
		n := copy(b, w.inject)
		w.inject = w.inject[n:]
		return n, nil
	}
	return w.Conn.Read(b)
}

// Write sends one line of a reply, or what stands in its place.
func (w *wire) Write(line []byte) (int, error) {
	last := len(line) > 3 && line[3] == ' '
	switch {
	case w.refused:
		w.refused = !last
		return len(line), nil
	case bytes.HasPrefix(line, []byte("354 ")) && w.session != nil:
		return w.answerData(line)
	case bytes.HasPrefix(line, []byte("250-")) && w.isHidden(line):
		return len(line), nil
	}
	n, err := w.Conn.Write(line)
	if last && w.closeAfterReply {
		w.Close()
	}
	return n, err
}

func (w *wire) isHidden(line []byte) bool {
	return slices.Contains(w.server.hide, string(bytes.TrimSpace(line[4:])))
}

// answerData sends the 354, or refuses and lets go-smtp read an empty body that nobody sent.
func (w *wire) answerData(line []byte) (int, error) {
	f := w.server.ask(w.session.envelope(Data))
	w.server.stall(f.Delay)
	switch {
	case f.Code == 0 && f.Cut:
		w.refused = true
		return len(line), w.Close()
	case f.Code < 400:
		return w.Conn.Write(line)
	}
	w.refused, w.inject = true, []byte(".\r\n")
	lines := strings.Split(f.reply(), "\n")
	for i := range len(lines) - 1 {
		fmt.Fprintf(w.Conn, "%d-%s\r\n", f.Code, lines[i])
	}
	_, err := fmt.Fprintf(w.Conn, "%d %s\r\n", f.Code, lines[len(lines)-1])
	if f.Cut || f.Code == 421 {
		w.Close()
	}
	return len(line), err
}
