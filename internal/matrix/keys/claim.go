package keys

import (
	"context"
	"maps"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
)

// claimsAtOnce is how many keys one query looks for.
const claimsAtOnce = 512

// Claim hands out one key for each device asked for: the oldest of its one-time keys, which nobody else will ever be
// given, or its fallback key when it has none left. Devices with neither are missing from the answer. want maps users
// to devices to an algorithm; the answer maps users to devices to "algorithm:id" to the key.
// Client-server API, POST /keys/claim.
func (k *Keys) Claim(ctx context.Context, who *audit.Caller, want map[string]map[string]string) (
	map[string]map[string]map[string]jsontext.Value, error) {
	claims, err := readClaims(want)
	if err != nil || len(claims) == 0 {
		return nil, err
	}
	var found map[claim]oneTime
	err = k.db.Write(ctx, func(tx *store.Tx) error {
		found = map[claim]oneTime{}
		for part := range slices.Chunk(claims, claimsAtOnce) {
			if err := claimPart(tx, part, found); err != nil {
				return err
			}
		}
		return audit.Record(tx, who, audit.Entry{Action: "keys.claim", Detail: strconv.Itoa(len(found))})
	})
	if err != nil {
		return nil, err
	}
	answer := map[string]map[string]map[string]jsontext.Value{}
	for c, one := range found {
		if answer[c.user] == nil {
			answer[c.user] = map[string]map[string]jsontext.Value{}
		}
		answer[c.user][c.device.id] = map[string]jsontext.Value{one.algorithm + ":" + one.id: one.body}
	}
	return answer, nil
}

// readClaims bounds a claim and puts it in a stable order.
func readClaims(want map[string]map[string]string) ([]claim, error) {
	var claims []claim
	for _, user := range slices.Sorted(maps.Keys(want)) {
		for _, id := range slices.Sorted(maps.Keys(want[user])) {
			claims = append(claims, claim{device{user, id}, want[user][id]})
		}
		if len(claims) > maxClaim {
			return nil, errs.BadParam("Keys of more than %d devices at once.", maxClaim)
		}
	}
	return claims, nil
}

// claimPart hands out keys for some claims.
func claimPart(tx *store.Tx, claims []claim, found map[claim]oneTime) error {
	fresh, err := nextOneTime(tx, claims)
	if err != nil {
		return err
	}
	var without []claim
	for _, c := range claims {
		one, ok := fresh[c]
		if !ok {
			without = append(without, c)
			continue
		}
		found[c] = one
		if err := spend(tx, c, one.id); err != nil {
			return err
		}
		tx.Log(KindCounts, c.user, c.device.id, nil)
	}
	if len(without) == 0 {
		return nil
	}
	return claimFallback(tx, without, found)
}

// claimFallback hands out fallback keys, as often as they are asked for.
func claimFallback(tx *store.Tx, claims []claim, found map[claim]oneTime) error {
	last, err := fallbackFor(tx, claims)
	if err != nil {
		return err
	}
	for _, c := range claims {
		one, ok := last[c]
		if !ok {
			continue
		}
		found[c] = one
		if err := useFallback(tx, c); err != nil {
			return err
		}
		tx.Log(KindCounts, c.user, c.device.id, nil)
	}
	return nil
}
