package demo

import "fmt"

// NHSNumber gives the n-th number of the range 999 000 0000 to 999 999 9999, which is kept for tests and never issued to a patient, in
// the usual groups: "999 012 3456". Each has a valid check digit: weights 10 to 2 on nine digits, modulus 11 (NHS Data
// Dictionary, "NHS Number"). n counts from 0 and wraps around well before the end of the range.
func NHSNumber(n int) string {
	for first := 999_000_000 + (n*7919+1234)%990_000; ; first++ {
		sum := 0
		for i, rest := 0, first; i < 9; i, rest = i+1, rest/10 {
			sum += rest % 10 * (i + 2)
		}
		check := (11 - sum%11) % 11
		if check == 10 {
			continue // such a number is not given out
		}
		whole := fmt.Sprintf("%09d%d", first, check)
		return whole[:3] + " " + whole[3:6] + " " + whole[6:]
	}
}
