package matrix

import "testing"

func BenchmarkBuildMessage(b *testing.B) {
	key, d := testKey(b), message(V12)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Build(V12, d, server, key); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	pdu := mustBuild(b, V12, message(V12)).JSON
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(V12, pdu); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	e := mustBuild(b, V12, message(V12))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Load(V12, e.ID, e.JSON); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	e, public := mustBuild(b, V12, message(V12)), testKey(b).Public()
	b.ReportAllocs()
	for b.Loop() {
		if err := Verify(V12, e, server, public); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCanonical(b *testing.B) {
	for name, in := range map[string]string{
		"sorted":   string(mustBuild(b, V12, message(V12)).JSON),
		"unsorted": `{"msgtype":"m.text","body":"bed 4 is ready","format":"org.matrix.custom.html","m.mentions":{"user_ids":["@a:b"],"room":true}}`,
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(in)))
			for b.Loop() {
				if _, err := Canonical([]byte(in)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
