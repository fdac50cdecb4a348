package tap

import (
	"bytes"
	"context"

	"tap-livechat/catalog"
	"tap-livechat/tap/source"
)

// Sample counts the chats and writes one record of each selected stream, with as
// few requests as that takes. It does not use the state and writes no STATE. What
// there is to say of the streams is in the Summary; the caller says it.
func Sample(ctx context.Context, o Options) (Summary, error) {
	s, err := newRun(o)
	if err != nil {
		return Summary{}, err
	}
	if chats := o.chatStreams(); len(chats) > 0 {
		err = s.sampleChats(ctx, chats)
	}
	err = s.readLists(ctx, err, s.sampleList)
	s.out.End()
	s.tellProgress()
	return s.result(err)
}

// sampleChats writes the SCHEMA messages once the service has answered, and of each
// stream the first record that comes.
func (s *run) sampleChats(ctx context.Context, streams []catalog.Selected) error {
	began := false
	begin := func() {
		if !began {
			for _, stream := range streams {
				s.out.Schema(stream)
			}
		}
		began = true
	}
	rg := source.Range{From: s.o.Config.StartDate, To: s.o.until(), Now: s.o.Now}
	if rg.From.Before(rg.To) {
		for step, err := range s.api.Sample(ctx, rg) {
			if err != nil {
				return err
			}
			begin()
			if step.Plan != nil {
				s.expect(step.Plan)
			}
			if step.Chat != nil {
				s.seen++
				if done, err := s.sampleChat(step.Chat, streams); done || err != nil {
					return err
				}
			}
			if s.out.Err != nil {
				return s.out.Err
			}
		}
	}
	begin() // there may be no chat
	return nil
}

// sampleChat writes the first record of each stream that has had none. It is done
// when all streams have had one.
func (s *run) sampleChat(chat *source.Chat, streams []catalog.Selected) (done bool, err error) {
	if chat.Pending && !s.o.Config.IncludePending {
		return false, nil
	}
	if chat.Out.Err != nil {
		return false, chat.Out.Err
	}
	done = true
	for i := range streams {
		stream := &streams[i]
		lines, n := recordsOf(&chat.Out, stream.Name)
		if s.summary.Records[stream.Name] == 0 && n > 0 {
			s.out.Records(stream, lines[:bytes.IndexByte(lines, '\n')+1], 1, chat.Received)
			s.summary.Records[stream.Name] = 1
		}
		done = done && s.summary.Records[stream.Name] > 0
	}
	if done {
		return true, nil
	}
	for _, w := range chat.Out.Warnings {
		s.warnings.add(w, chat.ID)
	}
	s.tellProgress()
	return false, nil
}

// sampleList writes the SCHEMA of a list and its first row, and counts the rows of
// the first answer that has any. Of a report it reads the last day. Then it counts the
// requests that all of the list takes.
func (s *run) sampleList(ctx context.Context, stream catalog.Selected) error {
	rg := s.o.listRange()
	if stream.ReplicationKey != "" {
		rg.From = rg.To.AddDate(0, 0, -1)
	}
	rows, requests := 0, 0
	for row, err := range s.api.List(ctx, stream.Name, rg) {
		if err != nil {
			return err
		}
		if rows > 0 && s.api.Usage().Requests != requests {
			break
		}
		if row.Out.Err != nil {
			return row.Out.Err
		}
		lines, n := recordsOf(&row.Out, stream.Name)
		if rows == 0 {
			requests = s.api.Usage().Requests
			s.out.Schema(stream)
			s.out.Records(&stream, lines, n, row.Received)
		}
		rows += n
		s.countRow(&stream, row, n)
		s.tellProgress()
	}
	if rows == 0 {
		s.out.Schema(stream)
	}
	cost, err := s.api.ListCost(ctx, stream.Name, s.o.listRange())
	if err != nil {
		return err
	}
	s.summary.ListRequests += cost[0]
	return s.out.Err
}
