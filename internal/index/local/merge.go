package local

import "context"

type merger struct{}

func (g *merger) start(x *Index)                 {}
func (g *merger) stop()                          {}
func (g *merger) wake()                          {}
func (g *merger) room(ctx context.Context) error { return nil }
