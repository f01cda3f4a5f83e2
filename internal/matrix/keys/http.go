package keys

import (
	"context"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
)

// UploadRequest is the body of POST /_matrix/client/v3/keys/upload.
type UploadRequest struct {
	Device   jsontext.Value            `json:"device_keys"`
	OneTime  map[string]jsontext.Value `json:"one_time_keys"`
	Fallback map[string]jsontext.Value `json:"fallback_keys"`
}

// UploadAnswer is its answer.
type UploadAnswer struct {
	Counts map[string]int64 `json:"one_time_key_counts"`
}

// PostUpload serves POST /_matrix/client/v3/keys/upload.
func (k *Keys) PostUpload(ctx context.Context, who *audit.Caller, in UploadRequest) (UploadAnswer, error) {
	counts, err := k.Publish(ctx, who, Upload{Device: given(in.Device), OneTime: in.OneTime, Fallback: in.Fallback})
	if counts == nil {
		counts = map[string]int64{}
	}
	return UploadAnswer{counts}, err
}

// given treats null as absent.
func given(v jsontext.Value) jsontext.Value {
	if v.Kind() == 'n' || len(v) == 0 {
		return nil
	}
	return v
}

// QueryRequest is the body of POST /_matrix/client/v3/keys/query.
type QueryRequest struct {
	Devices map[string][]string `json:"device_keys"`
}

// PostQuery serves POST /_matrix/client/v3/keys/query.
func (k *Keys) PostQuery(ctx context.Context, who *audit.Caller, in QueryRequest) (*Directory, error) {
	if in.Devices == nil {
		return nil, errs.Missing("device_keys is missing.")
	}
	return k.Query(ctx, who, in.Devices)
}

// ClaimRequest is the body of POST /_matrix/client/v3/keys/claim.
type ClaimRequest struct {
	OneTime map[string]map[string]string `json:"one_time_keys"`
}

// ClaimAnswer is its answer.
type ClaimAnswer struct {
	OneTime  map[string]map[string]map[string]jsontext.Value `json:"one_time_keys"`
	Failures struct{}                                        `json:"failures"`
}

// PostClaim serves POST /_matrix/client/v3/keys/claim.
func (k *Keys) PostClaim(ctx context.Context, who *audit.Caller, in ClaimRequest) (ClaimAnswer, error) {
	if in.OneTime == nil {
		return ClaimAnswer{}, errs.Missing("one_time_keys is missing.")
	}
	found, err := k.Claim(ctx, who, in.OneTime)
	return ClaimAnswer{OneTime: found}, err
}

// CrossSigningRequest is the body of POST /_matrix/client/v3/keys/device_signing/upload.
type CrossSigningRequest struct {
	Master      jsontext.Value `json:"master_key"`
	SelfSigning jsontext.Value `json:"self_signing_key"`
	UserSigning jsontext.Value `json:"user_signing_key"`
	Auth        jsontext.Value `json:"auth"`
}

// PostCrossSigning serves POST /_matrix/client/v3/keys/device_signing/upload.
func (k *Keys) PostCrossSigning(ctx context.Context, who *audit.Caller, in CrossSigningRequest) (struct{}, error) {
	set := CrossSigning{given(in.Master), given(in.SelfSigning), given(in.UserSigning)}
	return struct{}{}, k.CrossSign(ctx, who, set, given(in.Auth))
}

// SignaturesRequest is the body of POST /_matrix/client/v3/keys/signatures/upload.
type SignaturesRequest struct {
	Signed jsontext.Value `body:"raw" json:"-"`
}

// SignaturesAnswer is its answer.
type SignaturesAnswer struct {
	Failures map[string]map[string]Failure `json:"failures"`
}

// PostSignatures serves POST /_matrix/client/v3/keys/signatures/upload.
func (k *Keys) PostSignatures(ctx context.Context, who *audit.Caller, in SignaturesRequest) (SignaturesAnswer, error) {
	var sent map[string]map[string]jsontext.Value
	if err := json.Unmarshal(in.Signed, &sent); err != nil {
		return SignaturesAnswer{}, errs.BadJSON("The body must map users to key ids to signed objects.")
	}
	failures, err := k.Sign(ctx, who, sent)
	return SignaturesAnswer{failures}, err
}

// ChangesRequest holds the parameters of GET /_matrix/client/v3/keys/changes.
type ChangesRequest struct {
	From string `query:"from"`
	To   string `query:"to"`
}

// ChangesAnswer is its answer.
type ChangesAnswer struct {
	Changed []string `json:"changed"`
	Left    []string `json:"left"`
}

// GetChanges serves GET /_matrix/client/v3/keys/changes.
func (k *Keys) GetChanges(ctx context.Context, who *audit.Caller, in ChangesRequest) (ChangesAnswer, error) {
	if in.From == "" || in.To == "" {
		return ChangesAnswer{}, errs.Missing("from and to are both needed.")
	}
	changed, left, err := k.hooks.Changes(ctx, who, in.From, in.To)
	return ChangesAnswer{changed, left}, err
}
