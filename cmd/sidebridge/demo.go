package main

type demoCmd struct{}

func (c *demoCmd) Run(p *program) error { return nil }
