package account

import "slices"

// talk draws what was said and done. It is the same at any moment; of an open
// chat the part until now is there. With huge it is that many entries.
func (c *Chat) talk(r *Random, withIDs string, huge int) {
	n := 1 + r.N(20)
	if len(c.Agents) == 0 {
		n = r.N(4)
	}
	if huge > 0 {
		n = huge
	}
	some := r.N(3)
	visitor := c.Visitor.Name
	if c.Odd == Nulls && r.N(3) == 0 {
		c.NoMessages = true
		n = 0
	}
	c.Last = n + 1
	for k := range n {
		at := c.Start + int64((float64(k)+r.Float())/float64(n+1)*float64(c.End-c.Start))
		e := Entry{N: k + 1, WithID: true}
		if r.N(30) == 0 && !(k == 0 && c.Engagement == ManualInvite) {
			e.Kind = File
		}
		if withIDs == "none" || withIDs == "some" && (some == 0 || some == 1 && r.N(2) == 0) {
			e.WithID = false
		}
		c.said(r, &e, at, visitor)
		if at > c.Now {
			break
		}
		c.Entries = append(c.Entries, e)
	}
	if c.End <= c.Now && r.N(10) != 0 {
		c.Entries = append(c.Entries, Entry{
			Kind: Closed, N: n + 1, WithID: withIDs == "all", At: c.moment(r, c.End), Unsaid: true, Text: c.fixed(visitor, closedChat),
		})
	}
}

// said draws who says what, at a time.
func (c *Chat) said(r *Random, e *Entry, at int64, visitor string) {
	byAgent := len(c.Agents) > 0 && r.N(2) == 0
	chief := len(c.Agents) > 0 && r.N(150) == 0
	var who Person
	if len(c.Agents) > 0 {
		who = c.Agents[r.N(len(c.Agents))].Person
	}
	if e.N == 1 { // who begins is how it begins
		switch {
		case c.Engagement == ManualInvite:
			byAgent, chief, who = true, false, *c.speaker()
		case c.Engagement == ImmediateStart && len(c.Prechat) == 0:
			byAgent, chief = false, false
		}
	}
	switch {
	case e.Kind == File:
		e.Author, e.Text = visitor, c.fixed(uploaded)
	case chief:
		e.By, e.Author, e.Email = BySupervisor, Chiefs[0].Name, Chiefs[0].Email
		e.Text = c.text(r, agentLines, 1)
		if !slices.Contains(c.Supervisors, Chiefs[0]) && c.Odd != Nulls {
			c.Supervisors = append(c.Supervisors, Chiefs[0])
		}
	case byAgent:
		e.By, e.Author, e.Email = ByAgent, who.Name, who.Email
		if e.N == 1 {
			e.Text = c.text(r, openers, 1)
		} else {
			e.Text = c.text(r, agentLines, 1+r.N(2))
		}
	default:
		e.Author, e.Unsaid = visitor, r.N(50) == 0
		e.Text = c.text(r, visitorLines, 1+r.N(2))
	}
	if e.Rich = Plain; e.Kind == Message {
		switch r.N(120) {
		case 0:
			e.Rich = Buttons
		case 1:
			e.Rich = Cards
		}
	}
	e.At = c.moment(r, at)
}

// text draws a text of n lines. Now and then it is null or a number, or
// something hostile is in it, where the chat is odd or hostile.
func (c *Chat) text(r *Random, from []string, n int) (t Text) {
	switch {
	case c.Odd == Nulls && r.N(4) == 0:
		return Text{Null: true}
	case c.Odd == TextAsNumbers && r.N(4) == 0:
		return Text{Number: true}
	}
	mark := len(c.lines)
	for range n {
		c.lines = append(c.lines, Pick(r, from))
	}
	t.Lines = c.lines[mark:len(c.lines):len(c.lines)]
	t.Tainted = c.Hostile.taints() && r.N(4) == 0
	return t
}

// fixed is a text that is not drawn.
func (c *Chat) fixed(lines ...string) Text {
	mark := len(c.lines)
	c.lines = append(c.lines, lines...)
	return Text{Lines: c.lines[mark:len(c.lines):len(c.lines)]}
}
