package credential

import "strings"

// isCommon says that a lower-case password is among those that are tried first: one of a short list, with or without
// digits and signs around it, or a few signs repeated, or a run along the keyboard.
func isCommon(plain string) bool {
	if distinct(plain) < 4 {
		return true
	}
	for _, run := range runs {
		if strings.Contains(run, plain) {
			return true
		}
	}
	core := strings.Trim(plain, "0123456789!?.,-_#*@£$&+= ")
	if core == "" && len(plain) < 14 {
		return true
	}
	return common[plain] || common[core] || common[letters.Replace(plain)] || common[letters.Replace(core)]
}

// letters undoes the signs that people put for letters.
var letters = strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a", "5", "s", "7", "t", "@", "a", "$", "s", " ", "")

func distinct(s string) int {
	seen := map[rune]bool{}
	for _, r := range s {
		seen[r] = true
	}
	return len(seen)
}

var runs = []string{
	"qwertyuiopasdfghjklzxcvbnm", "qwertyuiop[]asdfghjkl", "1qaz2wsx3edc4rfv5tgb6yhn7ujm", "01234567890123456789",
	"abcdefghijklmnopqrstuvwxyz", "zyxwvutsrqponmlkjihgfedcba", "98765432109876543210", "q1w2e3r4t5y6u7i8o9p0", "1q2w3e4r5t6y7u8i9o0p",
}

// common is what lists of leaked passwords agree on, and what people think of in a hospital.
var common = func() map[string]bool {
	set := map[string]bool{}
	for word := range strings.FieldsSeq(`
		password passw0rd password1 password123 passwort passcode letmein letmeinnow welcome welcometo welcomeback iloveyou
		qwerty qwerty123 qwertyuiop asdfghjkl zxcvbnm 1q2w3e4r 1qaz2wsx monkey dragon sunshine princess football baseball
		superman batman pokemon master shadow michael jennifer jordan ashley charlie liverpool arsenal chelsea everton
		tottenham manchester manchesterunited newcastle england scotland wales london trustno1 starwars whatever freedom
		computer internet admin administrator adminadmin root toor guest default changeme changemenow changeit secret
		topsecret mysecret mypassword mypass thisismypassword passwordpassword ilovemyjob
		summer winter autumn spring january february march april june july august september october november december
		monday tuesday wednesday thursday friday saturday sunday birthday christmas
		hospital hospitals nursing nurse doctor doctors medicine medical surgery theatre ward wardround clinic clinical
		patient patients emergency ambulance radiology pharmacy nhs nhsengland nhspassword nhsnhs nightingale matron
		consultant registrar healthcare trust wardline messenger matrix element welcometonhs welcomenhs
	`) {
		set[word] = true
	}
	return set
}()
