package jsondoc

import (
	"reflect"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// rebuild puts v, member by member, into what b builds.
func rebuild(b *Builder, name string, v Value) {
	switch v.Kind() {
	case Object, Array:
		if v.Kind() == Object {
			b.Object(name)
		} else {
			b.Array(name)
		}
		for m := range v.All() {
			rebuild(b, string(m.Name()), m)
		}
		b.End()
	case String:
		b.Text(name, v.Text())
	case True, False:
		b.Bool(name, v.Kind() == True)
	case Null:
		b.Null(name)
	default:
		b.Put(name, v)
	}
}

// checkBuild builds text anew in three ways and holds each against what was read.
func checkBuild(t *testing.T, text []byte) {
	t.Helper()
	var d, other Doc
	if d.Parse(append([]byte(nil), text...)) != nil {
		return
	}
	want := plainly(d.Root())
	if err := other.Parse([]byte(`{"before":[{}]}`)); err != nil {
		t.Fatal(err)
	}
	for name, make := range map[string]func() Value{
		"member by member":      func() Value { b := d.Build(); rebuild(b, "", d.Root()); return b.Value() },
		"put whole":             func() Value { b := d.Build(); b.Put("", d.Root()); return b.Value() },
		"put into another Doc":  func() Value { b := other.Build(); b.Put("", d.Root()); return b.Value() },
		"member by member, too": func() Value { b := other.Build(); rebuild(b, "", d.Root()); return b.Value() },
		"from its JSON text": func() Value {
			v, err := other.JSON(text)
			if err != nil {
				t.Fatalf("JSON(%q): %v", text, err)
			}
			return v
		},
		"within, and out again": func() Value {
			b := other.Build()
			b.Array("")
			b.Int("", 1)
			b.Object("")
			b.Put("a", d.String("x"))
			b.Put("v", d.Root())
			b.Bool("z", true)
			inner := b.Value()
			b = other.Build()
			b.Object("")
			b.Put("all", inner)
			b.Text("last", `\`)
			outer := b.Value()
			for e := range outer.Get("all").All() {
				if e.Kind() == Object {
					if e.Get("z").Kind() != True || e.Get("a").Text() != "x" || outer.Get("last").Text() != `\` || outer.Size() != 2 {
						t.Errorf("%q: what stands beside it is %s", text, outer.AppendJSON(nil))
					}
					return e.Get("v")
				}
			}
			return Value{}
		},
	} {
		made := make()
		// Not cmp.Diff: its cost doubles with each level of nesting.
		if got := plainly(made); !reflect.DeepEqual(want, got) {
			t.Errorf("%q, %s: %#v, want %#v", text, name, got, want)
		}
		if made.Kind() != String {
			continue
		}
		if got, want := string(made.AppendJSON(nil)), string(Quote(nil, d.Root().Text())); name == "member by member" && got != want {
			t.Errorf("%q, %s: %s, want %s", text, name, got, want)
		}
	}
	if got := plainly(d.Root()); !reflect.DeepEqual(want, got) {
		t.Errorf("%q became %#v by building, and was %#v", text, got, want)
	}
}

func TestBuild(t *testing.T) {
	for _, text := range texts {
		checkBuild(t, []byte(text))
	}
}

func FuzzBuild(f *testing.F) {
	for _, text := range texts {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) { checkBuild(t, text) })
}

func TestScalars(t *testing.T) {
	var d Doc
	d.Reset()
	at := time.Date(2026, 1, 5, 10, 0, 0, 120_000_000, time.FixedZone("", 3600))
	all := []Value{d.String("a\"b\x00c\xff"), d.Bytes([]byte("é")), d.Time(at), d.Int(-12), d.Bool(true), d.Bool(false), d.Null(), d.String("")}
	for i := range 10_000 { // the table grows; what was made stays
		d.Int(int64(i))
	}
	var got []string
	for _, v := range all {
		got = append(got, string(rune(v.Kind()))+" "+string(v.AppendJSON(nil)))
	}
	want := []string{`" "a\"bc�"`, `" "é"`, `T "2026-01-05T09:00:00.12Z"`, `0 -12`, `t true`, `f false`, `n null`, `" ""`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("scalars (-want +got):\n%s", diff)
	}
	if _, err := d.JSON([]byte(`{"a":`)); err == nil {
		t.Error("what is no JSON was made a value")
	}
	if v := d.Build().Value(); v.Kind() != Absent {
		t.Errorf("nothing was built, and is %s", v.AppendJSON(nil))
	}
}

func TestBuildNames(t *testing.T) {
	root := parse(t, `{"list":[{"x":1}],"\u0061":{"b":[2]}}`)
	b := root.doc.Build()
	b.Object("passed over")
	b.Put(`qu"ote`, root.Get("list"))
	b.Put("none", root.Get("none"))
	b.Array("a")
	b.Text("passed over", "t")
	b.Put("passed over", root.Get("a"))
	b.End()
	b.Time("twice", time.Unix(0, 0))
	b.Int("twice", 2)
	v := b.Value()
	const want = `{"qu\"ote":[{"x":1}],"a":["t",{"b":[2]}],"twice":2}`
	if got := string(v.AppendJSON(nil)); got != want || string(v.Raw()) != want || v.Text() != want {
		t.Errorf("got  %s\nraw  %s\nwant %s", got, v.Raw(), want)
	}
	if got := v.Get("a").All(); len(v.Name()) != 0 {
		t.Errorf("the root has the name %q, %v", v.Name(), got)
	}
	for e := range v.Get("a").All() {
		if e.Name() != nil {
			t.Errorf("an element has the name %q", e.Name())
		}
	}
}

func TestUndo(t *testing.T) {
	root := parse(t, `{"a":[1,2]}`)
	d := root.doc
	mark := d.Mark()
	for i := range 1000 {
		b := d.Build()
		b.Object("")
		b.Put("list", root.Get("a"))
		b.Int("n", int64(i))
		if got, want := string(b.Value().AppendJSON(nil)), `{"list":[1,2],"n":`+strconv.Itoa(i)+`}`; got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
		d.Undo(mark)
	}
	if len(d.nodes) != 4 || string(root.AppendJSON(nil)) != `{"a":[1,2]}` {
		t.Errorf("%d nodes are left, and %s", len(d.nodes), root.AppendJSON(nil))
	}
}

func TestBuildAllocatesNothing(t *testing.T) {
	root := parse(t, `{"a":[1,{"b":"c"}],"t":"text"}`)
	var scalars Doc
	d, mark, at := root.doc, root.doc.Mark(), time.Unix(1e9, 0)
	allocations := testing.AllocsPerRun(100, func() {
		b := d.Build()
		b.Object("")
		b.Put("list", root.Get("a"))
		b.Text("text", "some text")
		b.Time("time", at)
		b.End()
		b.Value()
		d.Undo(mark)
		scalars.Reset()
		scalars.String("some text")
		scalars.Int(1234567)
		scalars.Time(at)
	})
	if allocations > 0 {
		t.Errorf("%v allocations", allocations)
	}
}
