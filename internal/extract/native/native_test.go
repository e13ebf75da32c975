//go:build linux

package native

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"candor"
)

// The test binary is the helper, and the hostile program that it becomes.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == Subcommand {
		fmt.Fprintln(os.Stderr, Become(os.Args[2:]))
		os.Exit(70)
	}
	if order := os.Getenv("HOSTILE"); order != "" {
		os.Exit(obey(order, os.Args[1:]))
	}
	os.Exit(m.Run())
}

// obey tries what no helper may do, and says so if it worked.
func obey(order string, args []string) int {
	var err error
	switch order {
	case "copy":
		_, err = io.Copy(os.Stdout, os.Stdin)
	case "read":
		_, err = os.ReadFile(args[0])
	case "write":
		err = os.WriteFile(args[0], []byte("x"), 0o600)
	case "remove":
		err = os.Remove(args[0])
	case "connect":
		_, err = net.Dial("tcp", args[0])
	case "start":
		err = exec.Command("/bin/true").Run()
	case "hang":
		time.Sleep(time.Hour)
	case "flood":
		for err == nil {
			_, err = os.Stdout.Write(make([]byte, 1<<16))
		}
	case "eat":
		var held [][]byte
		for range 512 {
			held = append(held, bytes.Repeat([]byte{1}, 1<<20))
		}
		fmt.Println(len(held))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func hostile(t *testing.T, order string) Program {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return Program{Path: self, Env: []string{"HOSTILE=" + order, "GOMAXPROCS=1"}, Time: 10 * time.Second, Memory: testMemory}
}

func TestAProgramHasItsInputAndOutput(t *testing.T) {
	out, err := hostile(t, "copy").Run(t.Context(), strings.NewReader("some bytes"), 100)
	if err != nil || string(out) != "some bytes" {
		t.Fatalf("%q, %v", out, err)
	}
}

func TestAProgramMayReadWhatIsNamed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "allowed")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := hostile(t, "read")
	p.Read = []string{file}
	if _, err := p.Run(t.Context(), nil, 100, file); err != nil {
		t.Fatal(err)
	}
}

func TestAHostileProgramIsHeld(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	renew(t, secret)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, c := range []struct {
		order, arg string
		want       candor.Code
	}{
		{"read", secret, candor.Invalid}, {"read", "/etc/passwd", candor.Invalid}, {"write", secret + "2", candor.Invalid},
		{"remove", secret, candor.Invalid}, {"connect", l.Addr().String(), candor.Invalid}, {"start", "", candor.Invalid},
		{"eat", "", candor.Invalid}, {"flood", "", candor.TooLarge},
	} {
		if c.order == "eat" && testMemory < 0 {
			continue
		}
		if c.order != "flood" { // unconfined it does what it tries
			free := exec.Command(os.Args[0], c.arg)
			free.Env = []string{"HOSTILE=" + c.order}
			if out, err := free.CombinedOutput(); err != nil {
				t.Fatalf("%s %s does not even work unconfined: %v %s", c.order, c.arg, err, out)
			}
			renew(t, secret)
		}
		if out, err := hostile(t, c.order).Run(t.Context(), nil, 1<<20, c.arg); candor.CodeOf(err) != c.want {
			t.Errorf("%s %s: %q, %v; want %s", c.order, c.arg, out, err, c.want)
		}
	}
	if _, err := os.Stat(secret); err != nil {
		t.Error("the secret is gone")
	}
	if _, err := os.Stat(secret + "2"); !errors.Is(err, os.ErrNotExist) {
		t.Error("a file was written")
	}
}

// renew makes the secret anew, and nothing beside it.
func renew(t *testing.T, secret string) {
	t.Helper()
	_ = os.Remove(secret + "2")
	if err := os.WriteFile(secret, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestAProgramThatHangsIsEnded(t *testing.T) {
	p := hostile(t, "hang")
	p.Time = 300 * time.Millisecond
	if _, err := p.Run(t.Context(), nil, 100); candor.CodeOf(err) != candor.Unavailable || !strings.Contains(err.Error(), "longer than") {
		t.Fatalf("%v", err)
	}
}

func TestAProgramThatIsMissing(t *testing.T) {
	if _, err := Find("no-such-program"); candor.CodeOf(err) != candor.NotSupported {
		t.Fatalf("%v", err)
	}
}
