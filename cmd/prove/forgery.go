package main

import "context"

type forgeryCmd struct{}

func (c *forgeryCmd) Run(ctx context.Context) error { return nil }
