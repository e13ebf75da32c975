//go:build cgo

// Candor-onnx runs the graph of a sentence transformer for candor, which starts it
// confined: it opens no socket, writes no file, and reads the model and nothing
// else. It is a program of its own because it needs cgo and ONNX Runtime, which
// candor does without.
//
//	candor-onnx LIBRARY MODEL mean|cls
//
// It writes {} when it is ready. Each line of its input is {"rows":[[101,2057,102]]}:
// the numbers of the pieces of some texts. It replies with a line
// {"vectors":[[0.1,…]]} or {"error":"…"}.
package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	ort "github.com/yalue/onnxruntime_go"
)

// request and reply are what is spoken.
type request struct {
	Rows [][]int64 `json:"rows"`
}

type reply struct {
	Vectors [][]float32 `json:"vectors,omitempty"`
	Error   string      `json:"error,omitempty"`
}

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string, in io.Reader, out io.Writer) error {
	if len(args) != 3 {
		return errors.New("usage: candor-onnx LIBRARY MODEL mean|cls")
	}
	ort.SetSharedLibraryPath(args[0])
	if err := ort.InitializeEnvironment(ort.WithLogLevelError()); err != nil {
		return fmt.Errorf("ONNX Runtime cannot be loaded from %s: %w", args[0], err)
	}
	m, err := open(args[1], args[2] == "cls")
	if err != nil {
		return err
	}
	enc, dec := json.NewEncoder(out), json.NewDecoder(bufio.NewReader(in))
	if err := enc.Encode(reply{}); err != nil {
		return err
	}
	for {
		var r request
		if err := dec.Decode(&r); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if err := enc.Encode(m.answer(r)); err != nil {
			return err
		}
	}
}

// model is a graph that was loaded.
type model struct {
	session *ort.DynamicAdvancedSession
	inputs  []string
	cls     bool // the first piece stands for the text, instead of the mean of all
}

// known are the inputs that a sentence transformer has.
var known = []string{"input_ids", "attention_mask", "token_type_ids"}

func open(file string, cls bool) (*model, error) {
	inputs, outputs, err := ort.GetInputOutputInfo(file)
	if err != nil {
		return nil, fmt.Errorf("the model cannot be loaded: %w", err)
	}
	m := &model{cls: cls}
	for _, i := range inputs {
		if !slices.Contains(known, i.Name) {
			return nil, fmt.Errorf("the model asks for %s, which is no input of a sentence transformer", i.Name)
		}
		m.inputs = append(m.inputs, i.Name)
	}
	if !slices.Contains(m.inputs, known[0]) || len(outputs) == 0 {
		return nil, errors.New("the model is no sentence transformer: it takes no input_ids")
	}
	whole := slices.IndexFunc(outputs, func(o ort.InputOutputInfo) bool { return o.Name == "sentence_embedding" })
	m.session, err = ort.NewDynamicAdvancedSession(file, m.inputs, []string{outputs[max(whole, 0)].Name}, nil)
	return m, err
}

func (m *model) answer(r request) reply {
	vectors, err := m.embed(r.Rows)
	if err != nil {
		return reply{Error: err.Error()}
	}
	return reply{Vectors: vectors}
}

// embed returns a vector for each row. Rows need not be equally long.
func (m *model) embed(rows [][]int64) ([][]float32, error) {
	if len(rows) == 0 {
		return nil, errors.New("no rows")
	}
	long := len(slices.MaxFunc(rows, func(a, b []int64) int { return cmp.Compare(len(a), len(b)) }))
	ids, mask := make([]int64, len(rows)*long), make([]int64, len(rows)*long)
	for i, row := range rows {
		copy(ids[i*long:], row)
		for j := range row {
			mask[i*long+j] = 1
		}
	}
	shape := ort.NewShape(int64(len(rows)), int64(long))
	values := map[string][]int64{known[0]: ids, known[1]: mask, known[2]: make([]int64, len(ids))}
	var in []ort.Value
	defer func() { destroy(in) }()
	for _, name := range m.inputs {
		t, err := ort.NewTensor(shape, values[name])
		if err != nil {
			return nil, err
		}
		in = append(in, t)
	}
	out := []ort.Value{nil}
	if err := m.session.Run(in, out); err != nil {
		return nil, err
	}
	defer func() { destroy(out) }()
	t, ok := out[0].(*ort.Tensor[float32])
	if !ok {
		return nil, errors.New("the model gives no numbers of 32 bits")
	}
	return m.pool(t.GetShape(), t.GetData(), mask)
}

// pool makes one vector of a row of the vectors of its pieces, unless the model
// has done so itself.
func (m *model) pool(shape ort.Shape, data []float32, mask []int64) ([][]float32, error) {
	if len(shape) != 2 && len(shape) != 3 {
		return nil, fmt.Errorf("the model gives numbers in %d dimensions", len(shape))
	}
	n, dims := int(shape[0]), int(shape[len(shape)-1])
	out := make([][]float32, n)
	if len(shape) == 2 {
		for i := range out {
			out[i] = slices.Clone(data[i*dims : (i+1)*dims])
		}
		return out, nil
	}
	long := int(shape[1])
	for i := range out {
		v := make([]float32, dims)
		for j := range long {
			if mask[i*long+j] == 0 || m.cls && j > 0 {
				continue
			}
			at := (i*long + j) * dims
			for d, f := range data[at : at+dims] {
				v[d] += f // the length of a vector tells nothing, so that the sum is as good as the mean
			}
		}
		out[i] = v
	}
	return out, nil
}

func destroy(values []ort.Value) {
	for _, v := range values {
		if v != nil {
			_ = v.Destroy()
		}
	}
}
