// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package table

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Cells are the cells of a table that are not empty, by row and column.
type Cells map[string]map[string]string

// Set fills a cell.
func (c Cells) Set(row, column, cell string) {
	if c[row] == nil {
		c[row] = map[string]string{}
	}
	c[row][column] = cell
}

// Text is the table of these columns, its rows by name. Columns that no row has are
// left out.
func (c Cells) Text(columns []string) string {
	columns = slices.DeleteFunc(slices.Clone(columns), func(column string) bool {
		for _, row := range c {
			if row[column] != "" {
				return false
			}
		}
		return true
	})
	var b strings.Builder
	fmt.Fprintf(&b, "| row | %s |\n|---|%s\n", strings.Join(columns, " | "), strings.Repeat("---|", len(columns)))
	for _, name := range slices.Sorted(maps.Keys(c)) {
		fmt.Fprintf(&b, "| %s |", name)
		for _, column := range columns {
			fmt.Fprintf(&b, " %s |", c[name][column])
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// ParseCells reads what [Cells.Text] has written, whatever stands in front of it.
func ParseCells(text string) Cells {
	c := Cells{}
	var columns []string
	for line := range strings.Lines(text) {
		f := strings.Split(strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(line), "|"), "|"), "|")
		for i := range f {
			f[i] = strings.TrimSpace(f[i])
		}
		switch {
		case !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "|---"):
		case columns == nil:
			columns = f[1:]
		default:
			for i, cell := range f[1:] {
				if cell != "" && i < len(columns) {
					c.Set(f[0], columns[i], cell)
				}
			}
		}
	}
	return c
}
