"""What the therapist asked for: one TOML file, validated with units and ranges."""

from andante.plan.breathe import BreathePlan as BreathePlan
from andante.plan.breathe import BreathePolicy as BreathePolicy
from andante.plan.listen import ListenPlan as ListenPlan
from andante.plan.parts import PatientFlags as PatientFlags
from andante.plan.parts import Stage as Stage
from andante.plan.parts import StageKind as StageKind
from andante.plan.reading import load_plan as load_plan
from andante.plan.reading import parse_plan as parse_plan
from andante.plan.reading import plan_from_dict as plan_from_dict
from andante.plan.stages import GET_READY as GET_READY
from andante.plan.stages import GET_READY_S as GET_READY_S
from andante.plan.stages import duration_s as duration_s
from andante.plan.stages import stages_of as stages_of
from andante.plan.tables import Exercise as Exercise
from andante.plan.tables import Outputs as Outputs
from andante.plan.tables import Plan as Plan
from andante.plan.tables import plan_as_dict as plan_as_dict
from andante.plan.tap import TapPlan as TapPlan
from andante.plan.walk import WalkPlan as WalkPlan
from andante.plan.walk import WalkPolicy as WalkPolicy
