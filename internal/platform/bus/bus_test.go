package bus

import (
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
)

var _ Bus = (*Local)(nil)

func TestHintsGrowAndMelt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewLocal()
		var quick, slow []int64
		block := make(chan struct{})
		stopQuick := b.Subscribe(func(p int64) { quick = append(quick, p) })
		stopSlow := b.Subscribe(func(p int64) { slow = append(slow, p); <-block })
		for _, p := range []int64{3, 5, 4, 5, 9} {
			b.Publish(p)
			synctest.Wait()
		}
		close(block)
		synctest.Wait()
		if diff := cmp.Diff([]int64{3, 5, 9}, quick); diff != "" {
			t.Error("every rise is told once: ", diff)
		}
		if diff := cmp.Diff([]int64{3, 9}, slow); diff != "" {
			t.Error("hints melt while a subscriber is busy: ", diff)
		}
		stopQuick()
		b.Publish(12)
		stopSlow()
		stopSlow()
		if last := slow[len(slow)-1]; last != 12 || len(quick) != 3 {
			t.Errorf("after cancel: %v %v", quick, slow)
		}
	})
}

func TestPublishersAndSubscribersTogether(t *testing.T) {
	b := NewLocal()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for p := range int64(200) {
				stop := b.Subscribe(func(int64) {})
				b.Publish(p)
				stop()
			}
		})
	}
	wg.Wait()
	if len(b.subs) != 0 {
		t.Errorf("%d subscriptions left", len(b.subs))
	}
}
