package e2e

import (
	"context"
	"testing"
	"time"

	"github.com/wardline/wardline/client"
)

// TestSignedOutElsewhere: a device that waits for news is told at once that its session has ended.
func TestSignedOutElsewhere(t *testing.T) {
	Each(t, func(t *testing.T, s *Trust) {
		amira := s.Staff(t, "amira")[0]
		for name, wait := range map[string]func(ctx context.Context, c *client.Client) error{
			"v3": func(ctx context.Context, c *client.Client) error {
				first, err := c.Sync(ctx, client.SyncOptions{})
				if err == nil {
					_, err = c.Sync(ctx, client.SyncOptions{Since: first.NextBatch, Timeout: time.Minute})
				}
				return err
			},
			"sliding": func(ctx context.Context, c *client.Client) error {
				f := c.FollowSliding(1)
				_, err := f.Step(ctx, 0)
				if err == nil {
					_, err = f.Step(ctx, time.Minute)
				}
				return err
			},
		} {
			lost := s.SignIn(t, "amira")
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			told := make(chan error, 1)
			go func() { told <- wait(ctx, lost) }()
			time.Sleep(300 * time.Millisecond)
			if err := amira.DeleteDevices(ctx, Password, lost.DeviceID()); err != nil {
				t.Fatal(err)
			}
			if err := <-told; client.CodeOf(err) != "M_UNKNOWN_TOKEN" {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
