package apiv3

import "sync"

// maxPage is the most threads that LiveChat lists on one page.
const maxPage = 100

// pageLimit is the limit that pages are requested with. After an answer that was too
// much it is half of what was requested; after pages that came it doubles again. It
// is safe for concurrent use.
type pageLimit struct {
	mu       sync.Mutex
	size     int
	came     int // pages that came since a page was too much
	patience int // pages that must come before the size doubles: more each time that doubling failed
}

const maxPatience = 64

func (l *pageLimit) get() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.size
}

// tooMuch notes that a page of that limit was too much. It returns the limit to try
// instead; 0 if there is no smaller one.
func (l *pageLimit) tooMuch(limit int) (smaller int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.came > 0 || l.patience == 0 {
		l.patience = min(max(2*l.patience, 1), maxPatience)
	}
	l.came = 0
	l.size = min(l.size, max(limit/2, 1)) // pages side by side fail together, and halve it once
	return limit / 2
}

// ok notes that a page came.
func (l *pageLimit) ok() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.came++; l.came >= l.patience {
		l.size = min(2*l.size, maxPage)
	}
}
