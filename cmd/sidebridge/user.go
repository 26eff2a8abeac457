package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/mail"
	"strings"

	"github.com/sidebridge/sidebridge/adapters/web"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/config"
	"github.com/sidebridge/sidebridge/store"
)

type userCmds struct {
	Add userAddCmd `cmd:"" help:"Add somebody who can sign in."`
}

type userAddCmd struct {
	configFlag
	Email         string `required:"" help:"E-mail address to sign in with."`
	Name          string `required:"" help:"Name, as others see it."`
	Role          string `required:"" enum:"agent,admin" help:"agent or admin."`
	PasswordStdin bool   `help:"Read the password from standard input; otherwise one is made and printed once."`
}

// Run adds the person.
func (c *userAddCmd) Run(ctx context.Context, p *program) error {
	address, err := mail.ParseAddress(c.Email)
	if err != nil || address.Name != "" {
		return fmt.Errorf("%q is no e-mail address", c.Email)
	}
	password, made, err := c.password(p.stdin)
	if err != nil {
		return err
	}
	hash, err := web.HashPassword(password)
	if err != nil {
		return err
	}
	err = withStore(ctx, p, c.configFlag, func(_ *config.Config, s *store.Store) error {
		_, err := s.CreatePerson(ctx, bridge.Known{
			Name: c.Name, Role: bridge.Role(c.Role), Account: bridge.Account{Surface: bridge.SurfaceWeb, ID: address.Address},
		}, hash)
		return err
	})
	if err != nil {
		return wrapf(err, "add %s", address.Address)
	}
	p.print("Added %s <%s> as %s.\n", c.Name, address.Address, c.Role)
	if made {
		p.print("Password: %s\nIt is shown this once; it can be changed on the account page.\n", password)
	}
	return nil
}

// password reads a line, or makes a password of 80 random bits.
func (c *userAddCmd) password(stdin io.Reader) (password string, made bool, err error) {
	if !c.PasswordStdin {
		return strings.ToLower(rand.Text()[:16]), true, nil
	}
	line, err := bufio.NewReader(stdin).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", false, wrapf(err, "read the password")
	}
	return strings.TrimRight(line, "\r\n"), false, nil
}
