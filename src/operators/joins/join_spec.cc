// Serialisation of what joins have in common.
#include "operators/joins/join_spec.h"

namespace penstock {

std::vector<DataType> JoinSpec::output_types() const {
  std::vector<DataType> types = sides[kLeftSide].types;
  if (left_only()) return types;
  types.insert(types.end(), sides[kRightSide].types.begin(), sides[kRightSide].types.end());
  return types;
}

void JoinSpec::Write(ByteWriter& out) const {
  out.Fixed(type);
  for (const JoinSide& side : sides) {
    WriteTypes(side.types, out);
    WriteColumns(side.keys, out);
    WriteTypes(side.key_types, out);
  }
  for (bool safe : null_safe) out.Bool(safe);
  out.Bool(condition != nullptr);
  if (condition) condition->Write(out);
}

Result<JoinSpec> JoinSpec::Read(ByteReader& in) {
  JoinSpec spec;
  spec.type = in.Fixed<JoinType>();
  for (JoinSide& side : spec.sides) {
    ASSIGN_OR_RETURN(side.types, ReadTypes(in));
    side.keys = ReadColumns(in);
    ASSIGN_OR_RETURN(side.key_types, ReadTypes(in));
  }
  for (size_t i = 0; i < spec.sides[kLeftSide].keys.size(); ++i) spec.null_safe.push_back(in.Bool());
  if (in.Bool()) {
    ASSIGN_OR_RETURN(spec.condition, Expr::Read(in));
  }
  return spec;
}

}  // namespace penstock
