// All of the public interface.
#pragma once

#include "penstock/connector.h"
#include "penstock/function.h"
#include "penstock/query_result.h"
#include "penstock/rows.h"
#include "penstock/session.h"
#include "penstock/status.h"
#include "penstock/value.h"
