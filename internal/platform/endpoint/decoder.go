package endpoint

import "net/http"

// Decoder gives a function that fills In as Do does, for a Handler that writes its answer itself.
func Decoder[In any]() func(w http.ResponseWriter, r *http.Request) (*In, error) {
	p := planOf[In]()
	return func(w http.ResponseWriter, r *http.Request) (*In, error) {
		in := new(In)
		return in, p.fill(w, r, in)
	}
}
