package main

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
)

// overrideFromEnv sets every value that has an environment variable: the keys in capitals joined by _, with the place in
// a list counted from 0, as VESTNIK_MAIL_RELAY_0_URL. An empty variable counts as none.
func overrideFromEnv(v reflect.Value, name string, lookup func(string) (string, bool)) error {
	switch {
	case v.Kind() == reflect.Struct && v.Type() != reflect.TypeFor[time.Time]():
		for f := range fieldsOf(v.Type()) {
			inner := name + "_" + strings.ToUpper(f.Tag.Get("toml"))
			if err := overrideFromEnv(v.FieldByIndex(f.Index), inner, lookup); err != nil {
				return err
			}
		}
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Struct:
		for i := range v.Len() {
			if err := overrideFromEnv(v.Index(i), fmt.Sprintf("%s_%d", name, i), lookup); err != nil {
				return err
			}
		}
	case v.Kind() == reflect.Map:
	default:
		if text, ok := lookup(name); ok && text != "" {
			return setFromText(v, name, text)
		}
	}
	return nil
}

// bareTypes are those that TOML writes without quotes.
var bareTypes = []reflect.Type{reflect.TypeFor[int](), reflect.TypeFor[int64](), reflect.TypeFor[float64](), reflect.TypeFor[bool](), reflect.TypeFor[time.Time]()}

func setFromText(v reflect.Value, name, text string) error {
	quoted := strconv.Quote(text)
	kind := v.Type()
	if kind.Kind() == reflect.Pointer {
		kind = kind.Elem()
	}
	switch {
	case kind.Kind() == reflect.Slice:
		parts := strings.Split(text, ",")
		for i, p := range parts {
			parts[i] = strconv.Quote(strings.TrimSpace(p))
		}
		quoted = "[" + strings.Join(parts, ", ") + "]"
	case slices.Contains(bareTypes, kind):
		quoted = text
	}
	holder := reflect.New(reflect.StructOf([]reflect.StructField{{Name: "V", Type: v.Type(), Tag: `toml:"v"`}}))
	if _, err := toml.Decode("v = "+quoted, holder.Interface()); err != nil {
		return fmt.Errorf("the environment variable %s: %q does not fit: %w", name, text, err)
	}
	v.Set(holder.Elem().Field(0))
	return nil
}
