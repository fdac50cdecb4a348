package livechat

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"tap-livechat/tap/jsondoc"
)

// stream is a large answer that is read element for element of its list, so that
// it need not be in memory as a whole.
type stream struct {
	from    io.Reader
	size    int64
	chunk   []byte
	element []byte // the text of one element
	rest    []byte // the answer without the elements
	doc     jsondoc.Doc
}

const (
	// maxStream is the most that is read of an answer whose elements are not too large.
	maxStream = 1 << 30
	// maxText is the longest text that is kept of it beside the elements: what a page
	// says of itself is short.
	maxText = 64 << 10
	// maxHead is how much is kept of an element that is too large, to name it by.
	maxHead = 64 << 10
)

// cutError is an answer that ended too soon.
type cutError struct{ err error }

func (e *cutError) Error() string { return "the answer was cut off" }
func (e *cutError) Unwrap() error { return e.err }

// errTooLarge is an answer beyond what is read of one.
func errTooLarge() error {
	return &Error{Detail: fmt.Sprintf("the answer is longer than the %d MiB that are read of one", maxAnswer>>20), Cause: TooLarge}
}

// split reads an object, and calls each for every element of the member name,
// which is a list; of one that is too large with its head. Of other texts, rest is
// all. It does not judge whether what it reads is JSON, but that of elements and
// rest together is that of the answer.
func (s *stream) split(name string, each func(element []byte, whole bool) error) error {
	s.size, s.rest, s.element = 0, s.rest[:0], s.element[:0]
	if s.chunk == nil {
		s.chunk = make([]byte, 64<<10)
	}
	var (
		depth                   int
		whole                   = true
		inString, escaped       bool
		tooLong                 bool // the string is left out
		inList, found, wasComma bool
		begin                   int // of the last string of the object itself, in rest
		key                     []byte
	)
	end := func(last bool) error {
		element := bytes.TrimSpace(s.element)
		if len(element) == 0 {
			if last && !wasComma {
				return nil // an empty list
			}
			return errors.New("its list has an element that is none")
		}
		err := each(element, whole)
		s.element, whole = s.element[:0], true
		return err
	}
	for {
		n, err := s.from.Read(s.chunk)
		s.size += int64(n)
		for _, c := range s.chunk[:n] {
			keep := true
			switch {
			case inString:
				switch {
				case escaped:
					escaped = false
				case c == '\\':
					escaped = true
				case c == '"':
					inString = false
					if depth == 1 && !inList {
						key = append(key[:0], s.rest[begin:]...)
					}
				}
			case c == '"':
				inString = true
				begin = len(s.rest) + 1
			case c == '{', c == '[':
				depth++
				if c == '[' && depth == 2 && !inList && !found && string(key) == name {
					inList, found, keep, wasComma = true, true, false, false
					s.rest = append(s.rest, c)
				}
			case c == '}', c == ']':
				depth--
				if inList && depth == 1 {
					if err := end(true); err != nil {
						return err
					}
					inList = false
				}
			case c == ',' && inList && depth == 2:
				if err := end(false); err != nil {
					return err
				}
				keep, wasComma = false, true
			}
			if !keep {
				continue
			}
			switch {
			case inList && whole:
				s.element = append(s.element, c)
			case !inList && inString && len(s.rest)-begin >= maxText:
				s.rest, tooLong = s.rest[:begin], true
			case !inList && !(inString && tooLong):
				s.rest, tooLong = append(s.rest, c), false
			}
		}
		switch {
		case len(s.element) > maxAnswer:
			s.element, whole = slices.Clone(s.element[:maxHead]), false
		case len(s.rest) > maxAnswer || s.size > maxStream:
			return errTooLarge()
		case err == io.EOF:
			return nil
		case err != nil:
			return &cutError{err}
		}
	}
}

// Each calls f for every element of the list that the call names, with the
// document that it is in. It comes before everything else that is done with an
// answer: a large one is read here. What f keeps of an element it must copy. Of an
// element that is too large there is a string, with the head of its text.
func (a *Answer) Each(f func(doc *jsondoc.Doc, element jsondoc.Value) error) error {
	missing := errors.New("it has no list of " + a.list)
	if a.stream != nil {
		elements := 0
		err := a.stream.split(a.list, func(element []byte, whole bool) error {
			if elements++; elements > maxElements {
				return &Error{Detail: fmt.Sprintf("its list of %s goes on beyond %d, where a page has a hundred at most", a.list, maxElements), Cause: TooLarge}
			}
			if !whole {
				a.stream.doc.Reset()
				return f(&a.stream.doc, a.stream.doc.Bytes(element))
			}
			if err := a.stream.doc.Parse(element); err != nil {
				return err
			}
			return f(&a.stream.doc, a.stream.doc.Root())
		})
		a.Size = int(a.stream.size)
		if err == nil {
			err = a.Doc.Parse(a.stream.rest)
		}
		if err != nil {
			return err
		}
		if a.Root().Get(a.list).Kind() != jsondoc.Array {
			return missing
		}
		return nil
	}
	list := a.Root().Get(a.list)
	if list.Kind() != jsondoc.Array {
		return missing
	}
	for v := range list.All() {
		if err := f(a.Doc, v); err != nil {
			return err
		}
	}
	return nil
}
