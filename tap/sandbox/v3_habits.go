package sandbox

import (
	"slices"

	"tap-livechat/tap/sandbox/account"
)

// staleThreads is what a server that is behind finds. The caller has the account's
// lock.
func (s *Server) staleThreads(found []timed, v view, ask *question) []timed {
	found = slices.DeleteFunc(slices.Clone(found), func(t timed) bool { return v.hides != nil && v.hides(s.account.Ref(int(t.no))) })
	for _, no := range v.back {
		ref := s.account.Ref(int(no))
		t := timed{s.account.Created(ref), no}
		if i, there := slices.BinarySearchFunc(found, t, compareTimed); !there && ask.fits(s.account, ref) {
			found = slices.Insert(found, i, t)
		}
	}
	return found
}

// misstateV3 changes a page and what is said to be found, which it returns.
func (s *Server) misstateV3(p *slice, found int, what string) int {
	o := &s.opt
	page := 0
	if p.limit > 0 {
		page = p.rank / p.limit
	}
	total := max(0, found+o.TotalOff+page*o.TotalClimbs)
	switch {
	case p.first && s.first(o.ZeroOnce, "zero", what):
		*p = slice{}
		return 0
	case s.first(o.EmptyOnce, "empty", what):
		p.threads = nil
	case p.first && s.first(o.TotalZeroOnce, "total", what):
		return 0
	}
	return total
}

// fits says whether the question would find a thread if it were still there.
func (q *question) fits(a *account.Account, ref account.Ref) bool {
	return q.match == nil || q.match(a, ref)
}
