package secret

import "testing"

func TestIsRegion(t *testing.T) {
	for word, want := range map[string]bool{
		"us-south1": true, "eu-west3": true, "dal": true, "fra": true, "fra-a": true, "EU": true, "20-letters-and-more1": true,
		"": false, "f": false, "21-letters-and-more12": false, "123456": false, "12-34": false, "--": false,
		"0f8fad5b-d9cb-469f-a165-70867728950e": false, "jane@example.com": false, "fra.a": false, "eu west3": false, "eu\nwest3": false, "fra\n": false, "für": false,
	} {
		if IsRegion(word) != want {
			t.Errorf("%q: %v, want %v", word, !want, want)
		}
	}
}

func TestTokenNamesRegion(t *testing.T) {
	for token, want := range map[string]string{
		"eu-west3:abc": "eu-west3", "us-south1:abc": "us-south1", "dal:abc": "dal", "fra:abc": "fra", "fra-a:abc": "fra-a",
		"0f8fad5b-d9cb-469f-a165-70867728950e:eu-west3:abc": "eu-west3", "123456:fra:abc": "fra", "jane@example.com:us-south1:abc": "us-south1",
		"": "", "abc": "", "abc:": "", ":abc": "", "123456:abc": "", "0f8fad5b-d9cb-469f-a165-70867728950e:abc": "", "jane@example.com:abc": "", "a:b:c:d": "",
	} {
		if got := New(token).Region(); got != want {
			t.Errorf("%q: %q, want %q", token, got, want)
		}
	}
}
