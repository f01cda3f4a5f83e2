package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"
)

// maxAnswerBytes bounds one answer held in memory.
const maxAnswerBytes = 64 << 20

// errClosed says that the server closed the connection before a byte of the answer came.
var errClosed = errors.New("the server closed the connection")

// errInterrupted says that the generator itself has had enough.
var errInterrupted = errors.New("interrupted")

// wire is one HTTP/1.1 connection, written by hand so that the generator costs little beside the server it measures:
// one write for a request, and usually one read for an answer. It understands answers with a length and chunked
// ones, and nothing else. It is not safe for use from several goroutines, except for interrupt.
type wire struct {
	address string
	conn    net.Conn
	mu      sync.Mutex // held to replace conn, so that another goroutine may interrupt
	ended   bool       // interrupted, for good
	request []byte     // the request being built, kept for its space
	buffer  []byte     // what has been read
}

func newWire(address string) *wire { return &wire{address: address} }

// close gives the connection up; a later call opens another.
func (w *wire) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.conn != nil {
		_ = w.conn.Close()
		w.conn = nil
	}
}

// interrupt makes a call that waits in another goroutine fail, and every call after it.
func (w *wire) interrupt() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = true
	if w.conn != nil {
		_ = w.conn.Close()
	}
}

// open makes a connection.
func (w *wire) open() error {
	conn, err := net.DialTimeout("tcp", w.address, 10*time.Second)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended {
		return errors.Join(errInterrupted, conn.Close())
	}
	w.conn = conn
	return nil
}

// begin starts a request. The token may be empty.
func (w *wire) begin(method, path, token string) {
	b := append(w.request[:0], method...)
	b = append(b, ' ')
	b = append(b, path...)
	b = append(b, " HTTP/1.1\r\nHost: "...)
	b = append(b, w.address...)
	if token != "" {
		b = append(b, "\r\nAuthorization: Bearer "...)
		b = append(b, token...)
	}
	w.request = append(b, "\r\n"...)
}

// body ends a request with a JSON body, or without one when it is empty.
func (w *wire) body(body []byte) {
	b := w.request
	if len(body) > 0 {
		b = append(b, "Content-Type: application/json\r\nContent-Length: "...)
		b = strconv.AppendInt(b, int64(len(body)), 10)
		b = append(b, "\r\n"...)
	}
	b = append(b, "\r\n"...)
	w.request = append(b, body...)
}

// call sends a whole request and reads the answer, whose body is valid until the next call. A connection that turns
// out to be closed is opened again once: every request of the generator may be repeated.
func (w *wire) call(method, path, token string, body []byte) (status int, answer []byte, err error) {
	w.begin(method, path, token)
	w.body(body)
	reused := w.conn != nil
	status, answer, err = w.exchange()
	if err != nil && reused && errors.Is(err, errClosed) {
		w.close()
		status, answer, err = w.exchange()
	}
	if err != nil {
		w.close()
	}
	return status, answer, err
}

func (w *wire) exchange() (int, []byte, error) {
	if w.conn == nil {
		if err := w.open(); err != nil {
			return 0, nil, err
		}
	}
	if _, err := w.conn.Write(w.request); err != nil {
		return 0, nil, fmt.Errorf("%w: %w", errClosed, err)
	}
	return w.readAnswer()
}

// readAnswer reads a status line, headers and body.
func (w *wire) readAnswer() (int, []byte, error) {
	if cap(w.buffer) > 256<<10 {
		w.buffer = nil
	}
	w.buffer = w.buffer[:0]
	head := -1
	for head < 0 {
		before := len(w.buffer)
		if err := w.fill(); err != nil {
			if before == 0 {
				err = fmt.Errorf("%w: %w", errClosed, err)
			}
			return 0, nil, err
		}
		head = bytes.Index(w.buffer[max(0, before-3):], []byte("\r\n\r\n"))
		if head >= 0 {
			head += max(0, before-3) + 4
		}
	}
	parsed, err := parseHead(w.buffer[:head])
	if err != nil {
		return 0, nil, err
	}
	body, err := w.readBody(head, parsed)
	if parsed.closing {
		w.close()
	}
	return parsed.status, body, err
}

func (w *wire) readBody(head int, parsed answerHead) ([]byte, error) {
	if parsed.chunked {
		return w.readChunks(head)
	}
	end := head + parsed.length
	for len(w.buffer) < end {
		if err := w.fill(); err != nil {
			return nil, err
		}
	}
	return w.buffer[head:end], nil
}

// readChunks joins the chunks of a body in place (RFC 9112 section 7.1, without trailers).
func (w *wire) readChunks(head int) ([]byte, error) {
	at, end := head, head // at: next chunk's size line; end: where the joined body ends
	for {
		line, err := w.line(at)
		if err != nil {
			return nil, err
		}
		digits, _, _ := bytes.Cut(line, []byte(";"))
		size, err := strconv.ParseUint(string(digits), 16, 31)
		if err != nil {
			return nil, fmt.Errorf("a chunk of size %q", line)
		}
		start := at + len(line) + 2
		for len(w.buffer) < start+int(size)+2 {
			if err := w.fill(); err != nil {
				return nil, err
			}
		}
		if size == 0 {
			return w.buffer[head:end], nil
		}
		copy(w.buffer[end:], w.buffer[start:start+int(size)])
		end += int(size)
		at = start + int(size) + 2
	}
}

// line is the text from a position up to the next line end, reading on as needed.
func (w *wire) line(from int) ([]byte, error) {
	for {
		if end := bytes.Index(w.buffer[from:], []byte("\r\n")); end >= 0 {
			return w.buffer[from : from+end], nil
		}
		if err := w.fill(); err != nil {
			return nil, err
		}
	}
}

// fill reads once more into the buffer.
func (w *wire) fill() error {
	if len(w.buffer) == cap(w.buffer) {
		if len(w.buffer) >= maxAnswerBytes {
			return fmt.Errorf("an answer above %d bytes", maxAnswerBytes)
		}
		grown := make([]byte, len(w.buffer), max(2048, 2*cap(w.buffer)))
		copy(grown, w.buffer)
		w.buffer = grown
	}
	n, err := w.conn.Read(w.buffer[len(w.buffer):cap(w.buffer)])
	w.buffer = w.buffer[:len(w.buffer)+n]
	if n > 0 {
		return nil
	}
	return err
}

// answerHead is what the generator needs of an answer's head.
type answerHead struct {
	status  int
	length  int
	chunked bool
	closing bool
}

// parseHead reads a status line and headers that end with an empty line.
func parseHead(head []byte) (answerHead, error) {
	var parsed answerHead
	line, rest, _ := bytes.Cut(head, []byte("\r\n"))
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) {
		return parsed, fmt.Errorf("not an HTTP/1.1 answer: %q", line[:min(len(line), 40)])
	}
	status, err := strconv.Atoi(string(line[9:12]))
	if err != nil {
		return parsed, fmt.Errorf("a status of %q", line[9:12])
	}
	parsed.status = status
	for len(rest) > 0 {
		line, rest, _ = bytes.Cut(rest, []byte("\r\n"))
		name, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimSpace(value)
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			parsed.length, err = strconv.Atoi(string(value))
			if err != nil || parsed.length < 0 || parsed.length > maxAnswerBytes {
				return parsed, fmt.Errorf("a length of %q", value)
			}
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			parsed.chunked = bytes.EqualFold(value, []byte("chunked"))
		case bytes.EqualFold(name, []byte("Connection")):
			parsed.closing = bytes.EqualFold(value, []byte("close"))
		}
	}
	return parsed, nil
}
