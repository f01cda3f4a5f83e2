package webpush

import (
	"cmp"
	"context"
	"io"
	"net/http"

	rfc "github.com/SherClockHolmes/webpush-go"

	"github.com/wardline/wardline/internal/platform/outward"
)

// record is the length of what is sent, in bytes: every push has the same, so that its length tells nothing (RFC 8188,
// section 2). 153 of them are for the text.
const record = 256

const answerMost = 16 << 10 // bytes of an answer that are read

// service speaks to push services.
type service struct {
	client  *http.Client
	contact string
}

func newService(conf Config) *service {
	return &service{outward.NewClient(conf.Private, cmp.Or(conf.Parallel, 8)), conf.Contact}
}

// send encrypts a text and hands it to the push service of a subscription. Errors: errGone, *outward.Unwelcome, and those of
// a server that cannot be reached, without its address.
func (s *service) send(ctx context.Context, key *serverKey, to *Subscription, text []byte, how manner) error {
	urgency := rfc.UrgencyNormal
	if how.urgent {
		urgency = rfc.UrgencyHigh
	}
	res, err := rfc.SendNotificationWithContext(ctx, text,
		&rfc.Subscription{Endpoint: to.endpoint, Keys: rfc.Keys{Auth: to.auth, P256dh: to.p256dh}},
		&rfc.Options{
			HTTPClient: s.client, RecordSize: record, Subscriber: s.contact, Topic: how.topic, TTL: int(how.keep.Seconds()),
			Urgency: urgency, VAPIDPublicKey: key.public, VAPIDPrivateKey: key.private,
		})
	if err != nil {
		return outward.Plain(err)
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, answerMost)) // read, so that the connection can be used again
	switch {
	case res.StatusCode == http.StatusNotFound || res.StatusCode == http.StatusGone:
		return errGone
	case res.StatusCode < 200 || res.StatusCode > 299:
		return outward.Refused(res)
	}
	return nil
}
