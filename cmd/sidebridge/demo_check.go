package main

import "context"

func (d *demo) check(ctx context.Context, p *program) error { return nil }
