package sqlitestore

import "context"

// OnWriter runs text on the connection that writes: some pragmas count for one
// connection only.
func (s *Store) OnWriter(ctx context.Context, text string) error {
	s.writing <- struct{}{}
	defer func() { <-s.writing }()
	_, err := s.writer.conn.ExecContext(ctx, text)
	return err
}

// Pragma reads a pragma on each of the connections that read, all at once.
func (s *Store) Pragma(ctx context.Context, name string) ([]string, error) {
	var values []string
	for range maxReaders {
		conn, err := s.db.Conn(ctx)
		if err != nil {
			return nil, err
		}
		defer conn.Close()
		var value string
		if err := conn.QueryRowContext(ctx, "PRAGMA "+name).Scan(&value); err != nil {
			return nil, err
		}
		values = append(values, value)
	}
	return values, nil
}
