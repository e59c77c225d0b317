// Command mmdb writes a small MaxMind DB from a list of places, so that tests and demos
// can place documentation addresses in real cities.
//
//	mmdb [-schema nested|flat] [-in places.json] -out places.mmdb
//
// The input is a JSON array of places, read from stdin unless -in names a file.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"os"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
)

// place is one network and where it is; an empty field is left out of the record.
type place struct {
	Network     string   `json:"network"`
	City        string   `json:"city"`
	Region      string   `json:"region"`
	Country     string   `json:"country"`
	CountryName string   `json:"country_name"`
	Postal      string   `json:"postal"`
	Latitude    *float64 `json:"latitude"`
	Longitude   *float64 `json:"longitude"`
}

// schema says how a database names its fields.
type schema struct {
	databaseType string
	record       func(place) mmdbtype.Map
}

var schemas = map[string]schema{
	"nested": {"Podatlas-Test-City", nestedRecord},
	"flat":   {"podatlas test city", flatRecord},
}

func main() {
	schemaName := flag.String("schema", "nested", "field names: nested (MaxMind City) or flat (DB-IP from npm)")
	in := flag.String("in", "", "JSON array of places (default: stdin)")
	out := flag.String("out", "", "the file to write")
	flag.Parse()
	if err := run(*schemaName, *in, *out); err != nil {
		fmt.Fprintf(os.Stderr, "mmdb: %v\n", err)
		os.Exit(1)
	}
}

func run(schemaName, in, out string) error {
	chosen, ok := schemas[schemaName]
	if !ok {
		return fmt.Errorf("-schema: %q is unknown, use nested or flat", schemaName)
	}
	if out == "" {
		return fmt.Errorf("-out: name the file to write")
	}
	places, err := readPlaces(in)
	if err != nil {
		return err
	}
	tree, err := mmdbwriter.New(mmdbwriter.Options{
		DatabaseType: chosen.databaseType,
		Description:  map[string]string{"en": "Places of tests and demos"},
		Languages:    []string{"en"},
		// Documentation networks are reserved; without this the writer refuses them.
		IncludeReservedNetworks: true,
	})
	if err != nil {
		return err
	}
	for _, place := range places {
		_, network, err := net.ParseCIDR(place.Network)
		if err != nil {
			return fmt.Errorf("network: %w", err)
		}
		if err := tree.Insert(network, chosen.record(place)); err != nil {
			return fmt.Errorf("network %s: %w", place.Network, err)
		}
	}
	return writeTree(tree, out)
}

func readPlaces(in string) ([]place, error) {
	source := io.Reader(os.Stdin)
	if in != "" {
		file, err := os.Open(in)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		source = file
	}
	decoder := json.NewDecoder(source)
	decoder.DisallowUnknownFields()
	var places []place
	if err := decoder.Decode(&places); err != nil {
		return nil, fmt.Errorf("places are no JSON array of places: %w", err)
	}
	return places, nil
}

// writeTree writes aside and renames, so that a reader never sees half a database.
func writeTree(tree *mmdbwriter.Tree, out string) error {
	file, err := os.Create(out + ".new")
	if err != nil {
		return err
	}
	if _, err := tree.WriteTo(file); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	return os.Rename(file.Name(), out)
}

func nestedRecord(place place) mmdbtype.Map {
	record := mmdbtype.Map{}
	if place.City != "" {
		record["city"] = names(place.City)
	}
	if place.Region != "" {
		record["subdivisions"] = mmdbtype.Slice{names(place.Region)}
	}
	if place.Country != "" {
		country := mmdbtype.Map{"iso_code": mmdbtype.String(place.Country)}
		if place.CountryName != "" {
			country["names"] = mmdbtype.Map{"en": mmdbtype.String(place.CountryName)}
		}
		record["country"] = country
	}
	if place.Postal != "" {
		record["postal"] = mmdbtype.Map{"code": mmdbtype.String(place.Postal)}
	}
	if location := coordinates(place); len(location) > 0 {
		record["location"] = location
	}
	return record
}

// flatRecord keeps unknown text as an empty string, as the databases on npm do.
func flatRecord(place place) mmdbtype.Map {
	record := coordinates(place)
	record["city"] = mmdbtype.String(place.City)
	record["state1"] = mmdbtype.String(place.Region)
	record["country_code"] = mmdbtype.String(place.Country)
	record["postcode"] = mmdbtype.String(place.Postal)
	return record
}

func names(english string) mmdbtype.Map {
	return mmdbtype.Map{"names": mmdbtype.Map{"en": mmdbtype.String(english)}}
}

func coordinates(place place) mmdbtype.Map {
	location := mmdbtype.Map{}
	if place.Latitude != nil {
		location["latitude"] = mmdbtype.Float64(*place.Latitude)
	}
	if place.Longitude != nil {
		location["longitude"] = mmdbtype.Float64(*place.Longitude)
	}
	return location
}
