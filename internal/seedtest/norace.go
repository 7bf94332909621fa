//go:build !race

package seedtest

const raced = false
