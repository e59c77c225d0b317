// Command mmdb writes a small MaxMind DB from a list of places, so that tests and demos
// can place documentation addresses in real cities.
//
//	mmdb [-schema nested|flat|asn] [-in places.json] -out places.mmdb
//	mmdb -csv asn-ipv4.csv -csv asn-ipv6.csv -epoch 1781654400 -out asn.mmdb
//
// The input is a JSON array of places, read from stdin unless -in names a file. Tables are those of
// @ip-location-db/asn: first and last address, number and name of the autonomous system.
package main

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"

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
	Asn         uint32   `json:"asn"`
	AsName      string   `json:"as_name"`
}

// schema says how a database names its fields.
type schema struct {
	databaseType string
	record       func(place) mmdbtype.Map
}

var schemas = map[string]schema{
	"nested": {"Podatlas-Test-City", nestedRecord},
	"flat":   {"podatlas test city", flatRecord},
	"asn":    {"Podatlas-ASN", func(place place) mmdbtype.Map { return asnRecord(place.Asn, place.AsName) }},
}

func main() {
	schemaName := flag.String("schema", "nested", "field names: nested (MaxMind City), flat (DB-IP from npm) or asn")
	in := flag.String("in", "", "JSON array of places (default: stdin)")
	out := flag.String("out", "", "the file to write")
	epoch := flag.Int64("epoch", 0, "when the data is from, in seconds since 1970 (default: now)")
	var tables []string
	flag.Func("csv", "table of autonomous systems, instead of places; repeatable", func(file string) error {
		tables = append(tables, file)
		return nil
	})
	flag.Parse()
	if len(tables) > 0 {
		*schemaName = "asn"
	}
	if err := run(*schemaName, *in, *out, *epoch, tables); err != nil {
		fmt.Fprintf(os.Stderr, "mmdb: %v\n", err)
		os.Exit(1)
	}
}

func run(schemaName, in, out string, epoch int64, tables []string) error {
	chosen, ok := schemas[schemaName]
	if !ok {
		return fmt.Errorf("-schema: %q is unknown, use nested, flat or asn", schemaName)
	}
	if out == "" {
		return fmt.Errorf("-out: name the file to write")
	}
	tree, err := mmdbwriter.New(mmdbwriter.Options{
		BuildEpoch:   epoch,
		DatabaseType: chosen.databaseType,
		Description:  map[string]string{"en": "Made by podatlas"},
		Languages:    []string{"en"},
		// Documentation networks are reserved; without this the writer refuses them.
		IncludeReservedNetworks: true,
		// Tables name the networks of 6to4 and Teredo themselves.
		DisableIPv4Aliasing: len(tables) > 0,
	})
	if err != nil {
		return err
	}
	for _, table := range tables {
		if err := insertTable(tree, table); err != nil {
			return fmt.Errorf("%s: %w", table, err)
		}
	}
	if len(tables) > 0 {
		return writeTree(tree, out)
	}
	places, err := readPlaces(in)
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

// insertTable inserts each range of a table.
func insertTable(tree *mmdbwriter.Tree, table string) error {
	file, err := os.Open(table)
	if err != nil {
		return err
	}
	defer file.Close()
	rows := csv.NewReader(file)
	rows.FieldsPerRecord = 4
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		first, last := net.ParseIP(row[0]), net.ParseIP(row[1])
		number, err := strconv.ParseUint(row[2], 10, 32)
		if first == nil || last == nil || err != nil {
			return fmt.Errorf("%q is no range of addresses with a number", row)
		}
		if err := tree.InsertRange(first, last, asnRecord(uint32(number), row[3])); err != nil {
			return fmt.Errorf("%s to %s: %w", row[0], row[1], err)
		}
	}
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

func asnRecord(number uint32, organization string) mmdbtype.Map {
	record := mmdbtype.Map{"autonomous_system_number": mmdbtype.Uint32(number)}
	if organization != "" {
		record["autonomous_system_organization"] = mmdbtype.String(organization)
	}
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
