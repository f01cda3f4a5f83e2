package config

import (
	"bytes"
	"encoding"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// Load gives the settings: the defaults, over them the file (path empty: none), over that the environment (as
// os.Environ gives it), over that the overrides: flags, keyed like "server.listen". All mistakes are
// told at once, each with the key and, in the file, the line.
func Load(path string, environ []string, overrides map[string]string) (*Config, error) {
	c := Defaults()
	if path != "" {
		if err := c.readFile(path); err != nil {
			return nil, err
		}
	}
	if err := errors.Join(c.readEnviron(environ), c.override(overrides)); err != nil {
		return nil, err
	}
	if err := c.Check(); err != nil {
		return nil, err
	}
	return c, nil
}

// Defaults gives the settings of an installation that sets nothing.
func Defaults() *Config {
	c := new(Config)
	for _, k := range keysOf(c) {
		if k.preset == "" {
			continue
		}
		if err := k.set(k.preset); err != nil {
			panic(fmt.Sprintf("config: default of %s: %v", k.name, err))
		}
	}
	return c
}

func (c *Config) readFile(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("the configuration file cannot be read: %w", err)
	}
	err = toml.NewDecoder(bytes.NewReader(text)).DisallowUnknownFields().Decode(c)
	var unknown *toml.StrictMissingError
	var wrong *toml.DecodeError
	switch {
	case errors.As(err, &unknown):
		var all []error
		for i := range unknown.Errors {
			line, _ := unknown.Errors[i].Position()
			all = append(all, fmt.Errorf("%s, line %d: there is no setting %s", path, line, strings.Join(unknown.Errors[i].Key(), ".")))
		}
		return errors.Join(all...)
	case errors.As(err, &wrong):
		line, _ := wrong.Position()
		return fmt.Errorf("%s, line %d: %s", path, line, wrong.Error())
	case err != nil:
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// readEnviron takes what is named for a section. A name that has a section but no setting is a mistake; others are
// not ours to judge.
func (c *Config) readEnviron(environ []string) error {
	keys := keysOf(c)
	var all []error
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		rest, ours := strings.CutPrefix(name, "WARDLINE_")
		section, _, _ := strings.Cut(rest, "_")
		if !ours || !slices.ContainsFunc(keys, func(k key) bool { return strings.EqualFold(k.section, section) }) {
			continue
		}
		at := slices.IndexFunc(keys, func(k key) bool { return k.env() == name })
		if at < 0 {
			all = append(all, fmt.Errorf("environment: there is no setting %s", name))
		} else if err := keys[at].set(value); err != nil {
			all = append(all, fmt.Errorf("environment: %s: %w", name, err))
		}
	}
	return errors.Join(all...)
}

func (c *Config) override(overrides map[string]string) error {
	keys := keysOf(c)
	var all []error
	for name, value := range overrides {
		at := slices.IndexFunc(keys, func(k key) bool { return k.name == name })
		if at < 0 {
			all = append(all, fmt.Errorf("there is no setting %s", name))
		} else if err := keys[at].set(value); err != nil {
			all = append(all, fmt.Errorf("%s: %w", name, err))
		}
	}
	return errors.Join(all...)
}

// key is one setting of a Config.
type key struct {
	section, name string // "server", "server.listen"
	preset, doc   string
	value         reflect.Value
}

func (k key) env() string { return "WARDLINE_" + strings.ToUpper(strings.ReplaceAll(k.name, ".", "_")) }

// keysOf gives the settings of c in the order they are declared.
func keysOf(c *Config) (keys []key) {
	all := reflect.ValueOf(c).Elem()
	for i := range all.NumField() {
		section := all.Type().Field(i).Tag.Get("toml")
		part := all.Field(i)
		for j := range part.NumField() {
			tag := part.Type().Field(j).Tag
			keys = append(keys, key{
				section: section, name: section + "." + tag.Get("toml"),
				preset: tag.Get("default"), doc: tag.Get("doc"), value: part.Field(j),
			})
		}
	}
	return keys
}

// set reads a setting from text: of the environment, a flag or a default. Lists are separated by commas.
func (k key) set(text string) error {
	if t, ok := k.value.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return t.UnmarshalText([]byte(text))
	}
	switch k.value.Kind() {
	case reflect.String:
		k.value.SetString(text)
	case reflect.Bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return fmt.Errorf("%q is not true or false", text)
		}
		k.value.SetBool(b)
	case reflect.Int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("%q is not a whole number", text)
		}
		k.value.SetInt(int64(n))
	case reflect.Slice:
		k.value.Set(reflect.ValueOf(splitList(text)))
	default:
		panic(fmt.Sprintf("config: %s has a type that no text fills", k.name))
	}
	return nil
}

func splitList(text string) (list []string) {
	for one := range strings.SplitSeq(text, ",") {
		if one = strings.TrimSpace(one); one != "" {
			list = append(list, one)
		}
	}
	return list
}
