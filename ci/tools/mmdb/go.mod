module podatlas/ci/tools/mmdb

go 1.26.0

require github.com/maxmind/mmdbwriter v1.2.0
