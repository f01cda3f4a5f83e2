package client

import (
	"context"
	"strconv"
)

// Send sends an event under a new transaction id.
func (c *Client) Send(ctx context.Context, roomID, eventType string, content any) (eventID string, err error) {
	return c.SendTxn(ctx, roomID, eventType, c.NewTxn(), content)
}

// SendTxn sends an event under the caller's transaction id: sent again with the same id by the same device, the
// server answers the event of the first time.
func (c *Client) SendTxn(ctx context.Context, roomID, eventType, txn string, content any) (eventID string, err error) {
	return c.eventAnswer(ctx, room(roomID, "send", eventType, txn), content)
}

// Say sends a plain text message.
func (c *Client) Say(ctx context.Context, roomID, body string) (eventID string, err error) {
	return c.Send(ctx, roomID, "m.room.message", Text(body))
}

// React sends a reaction to an event.
func (c *Client) React(ctx context.Context, roomID, eventID, key string) (reactionID string, err error) {
	return c.Send(ctx, roomID, "m.reaction", Reaction(eventID, key))
}

// Redact removes the content of an event and answers the id of the redaction.
func (c *Client) Redact(ctx context.Context, roomID, eventID, reason string) (redactionID string, err error) {
	return c.RedactTxn(ctx, roomID, eventID, c.NewTxn(), reason)
}

// RedactTxn redacts under the caller's transaction id.
func (c *Client) RedactTxn(ctx context.Context, roomID, eventID, txn, reason string) (redactionID string, err error) {
	return c.eventAnswer(ctx, room(roomID, "redact", eventID, txn), because(Object{}, reason))
}

// Directions of reading.
const (
	Backward = "b" // from newer to older
	Forward  = "f" // from older to newer
)

// Page is a page of events, with the token to continue from; End is empty when there is nothing further.
type Page struct {
	Start string  `json:"start"`
	End   string  `json:"end"`
	Chunk []Event `json:"chunk"`
	State []Event `json:"state"`
}

// MessagesOptions choose a page of history; the zero value is the newest page, backward.
type MessagesOptions struct {
	From   string
	To     string
	Dir    string // Backward unless set
	Limit  int
	Filter string // a RoomEventFilter as JSON
}

// Messages reads a page of a room's history.
func (c *Client) Messages(ctx context.Context, roomID string, options MessagesOptions) (page Page, err error) {
	if options.Dir == "" {
		options.Dir = Backward
	}
	query := params("from", options.From, "to", options.To, "dir", options.Dir,
		"limit", number(options.Limit), "filter", options.Filter)
	err = c.read(ctx, room(roomID, "messages"), query, &page)
	return page, err
}

// History reads the whole of a room's history that the user may see, oldest first, in pages of 100.
func (c *Client) History(ctx context.Context, roomID string) ([]Event, error) {
	var newestFirst []Event
	options := MessagesOptions{Dir: Backward, Limit: 100}
	for {
		page, err := c.Messages(ctx, roomID, options)
		if err != nil {
			return nil, err
		}
		newestFirst = append(newestFirst, page.Chunk...)
		if page.End == "" || page.End == options.From {
			break
		}
		options.From = page.End
	}
	for i, j := 0, len(newestFirst)-1; i < j; i, j = i+1, j-1 {
		newestFirst[i], newestFirst[j] = newestFirst[j], newestFirst[i]
	}
	return newestFirst, nil
}

// EventContext is an event with what came before (newest first), after (oldest first), and the state then.
type EventContext struct {
	Start        string  `json:"start"`
	End          string  `json:"end"`
	Event        Event   `json:"event"`
	EventsBefore []Event `json:"events_before"`
	EventsAfter  []Event `json:"events_after"`
	State        []Event `json:"state"`
}

// Context reads an event with up to limit events around it.
func (c *Client) Context(ctx context.Context, roomID, eventID string, limit int, filter string) (around EventContext, err error) {
	query := params("limit", number(limit), "filter", filter)
	err = c.read(ctx, room(roomID, "context", eventID), query, &around)
	return around, err
}

// Event reads one event.
func (c *Client) Event(ctx context.Context, roomID, eventID string) (event Event, err error) {
	err = c.read(ctx, room(roomID, "event", eventID), nil, &event)
	return event, err
}

// RelationsOptions choose which events relating to another are read, and which page of them.
type RelationsOptions struct {
	RelType   string
	EventType string // only with RelType
	From      string
	To        string
	Dir       string
	Limit     int
	Recurse   bool
}

// RelationsPage is a page of events that relate to another.
type RelationsPage struct {
	Chunk          []Event `json:"chunk"`
	NextBatch      string  `json:"next_batch"`
	PrevBatch      string  `json:"prev_batch"`
	RecursionDepth int     `json:"recursion_depth"`
}

// Relations reads the events that relate to an event.
func (c *Client) Relations(ctx context.Context, roomID, eventID string, options RelationsOptions) (page RelationsPage, err error) {
	segments := []string{"rooms", roomID, "relations", eventID}
	if options.RelType != "" {
		segments = append(segments, options.RelType)
		if options.EventType != "" {
			segments = append(segments, options.EventType)
		}
	}
	query := params("from", options.From, "to", options.To, "dir", options.Dir,
		"limit", number(options.Limit), "recurse", flag(options.Recurse))
	err = c.read(ctx, v1(segments...), query, &page)
	return page, err
}

// ThreadsPage is a page of thread roots, the one with the latest message first.
type ThreadsPage struct {
	Chunk     []Event `json:"chunk"`
	NextBatch string  `json:"next_batch"`
}

// Threads lists the threads of a room; with participated only those the user wrote in.
func (c *Client) Threads(ctx context.Context, roomID string, participated bool, limit int, from string) (page ThreadsPage, err error) {
	include := "all"
	if participated {
		include = "participated"
	}
	query := params("include", include, "limit", number(limit), "from", from)
	err = c.read(ctx, v1("rooms", roomID, "threads"), query, &page)
	return page, err
}

// EventAt finds the event nearest to a time (milliseconds since 1970), looking in one direction.
func (c *Client) EventAt(ctx context.Context, roomID string, ts int64, dir string) (eventID string, at int64, err error) {
	var answer struct {
		EventID        string `json:"event_id"`
		OriginServerTS int64  `json:"origin_server_ts"`
	}
	query := params("ts", strconv.FormatInt(ts, 10), "dir", dir)
	err = c.read(ctx, v1("rooms", roomID, "timestamp_to_event"), query, &answer)
	return answer.EventID, answer.OriginServerTS, err
}

// Kinds of receipt.
const (
	Read        = "m.read"
	ReadPrivate = "m.read.private"
	FullyRead   = "m.fully_read"
)

// MainTimeline is the thread of a receipt for what is in no thread; an empty thread is an unthreaded receipt.
const MainTimeline = "main"

// Receipt says that the user has read up to an event, in a thread or (empty) everywhere.
func (c *Client) Receipt(ctx context.Context, roomID, kind, eventID, threadID string) error {
	body := Object{}
	if threadID != "" {
		body["thread_id"] = threadID
	}
	return c.post(ctx, room(roomID, "receipt", kind, eventID), body, nil)
}

// ReadMarkers sets several markers at once; empty ones are left as they are.
func (c *Client) ReadMarkers(ctx context.Context, roomID, fullyRead, read, readPrivate string) error {
	body := Object{}
	for kind, eventID := range map[string]string{FullyRead: fullyRead, Read: read, ReadPrivate: readPrivate} {
		if eventID != "" {
			body[kind] = eventID
		}
	}
	return c.post(ctx, room(roomID, "read_markers"), body, nil)
}

// Typing says that the user is typing for so many milliseconds, or has stopped.
func (c *Client) Typing(ctx context.Context, roomID string, typing bool, milliseconds int) error {
	body := Object{"typing": typing}
	if typing {
		body["timeout"] = milliseconds
	}
	return c.put(ctx, room(roomID, "typing", c.UserID()), body, nil)
}
