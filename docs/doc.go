// Package docs holds pages for people, and tests of what they say: that the code they
// show compiles and does it, that what they name exists, that their links lead
// somewhere. It proves nothing of their prose.
package docs
