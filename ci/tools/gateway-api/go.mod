module podatlas/ci/tools/gateway-api

go 1.25

// Nothing of it is built: its definitions of kinds are copied.
require sigs.k8s.io/gateway-api v1.4.0
